// POST /api/sandbox/clock {"advance": "P3D"}: ninety days of billing pass while one watches. In the demo and in tests only.

#include "api/api.hpp"
#include "api/members.hpp"

namespace stellwerk::api {

void add_sandbox_routes(Api& api) {
  api.add(http::Method::get, "/api/sandbox/clock", Access::anyone_known, [](Api& a, Call&& call) { call.reply.send(200, JsonObject{{"now", format_time(a.client().now())}}); });
  api.add(http::Method::post, "/api/sandbox/clock", Access::staff, [](Api& a, Call&& call) {
    auto body = call.body();
    if (!body) return call.refuse(body.error());
    Members members{*body, "the clock cannot be moved by this", "bad_span"};
    const auto span = parse_duration(members.text("advance", 1, 64));
    if (!span && !members.has_problems()) members.problem("/advance", "an ISO 8601 duration is expected, e.g. P3D or PT30M");
    if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
    a.client().advance_clock(*span, [reply = call.reply](Result<Json> moved) {
      if (moved) reply.send(200, *moved);
      else reply.problem(moved.error());
    });
  });
}

}  // namespace stellwerk::api
