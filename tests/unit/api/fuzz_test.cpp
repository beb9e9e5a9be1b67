// Whatever is sent, a route answers with a 2xx or with a 4xx and a problem document.

#include <boost/test/unit_test.hpp>

#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::testing;

class Garbage {
 public:
  explicit Garbage(unsigned seed) : random_{seed} {}

  std::string body() {
    switch (pick(6)) {
      case 0: return text(pick(40));
      case 1: return dump_json(value(0));
      default: break;
    }
    // names that routes know, values that they do not
    static const std::vector<std::string> names{"email", "password", "customer", "service", "product", "config", "workflow", "attributes", "name", "connector", "pool", "capacity", "settings",
                                                "first", "last", "addresses", "advance", "note", "input", "output", "visible", "subject", "body", "hostname"};
    JsonObject object;
    for (int i = pick(8); i > 0; --i) object[names[static_cast<std::size_t>(pick(static_cast<int>(names.size())))]] = value(0);
    auto sent = dump_json(object);
    if (pick(4) == 0 && !sent.empty()) sent[static_cast<std::size_t>(pick(static_cast<int>(sent.size())))] = static_cast<char>(pick(256));
    return sent;
  }
  std::string word() {
    static const std::vector<std::string> words{"close", "retry", "..", "svc_0", "%2F", "%C3%A4", "tkt_01jnc4zz8ye7btxnbcp6p8zqzz", "0", "-1", "a%20b", "null", "'%3B--"};
    return pick(8) == 0 ? std::string(static_cast<std::size_t>(pick(3'000) + 1), 'x') : words[static_cast<std::size_t>(pick(static_cast<int>(words.size())))];
  }
  std::string query() {
    static const std::vector<std::string> parts{"limit=1", "limit=201", "limit=-", "after=x", "after=svc_01jnc4zz8ye7btxnbcp6p8zqzz", "after=9", "wait=PT0S", "wait=P", "state=open", "state=ended", "status=closed", "state=,"};
    std::string all;
    for (int i = pick(3); i > 0; --i) all += (all.empty() ? "?" : "&") + parts[static_cast<std::size_t>(pick(static_cast<int>(parts.size())))];
    return all;
  }
  int pick(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random_); }

 private:
  std::string text(int length) {
    std::string text;
    for (int i = 0; i < length; ++i) text += static_cast<char>(pick(256));
    return text;
  }
  Json value(int depth) {
    switch (pick(depth > 3 ? 7 : 9)) {
      case 0: return nullptr;
      case 1: return pick(2) == 0;
      case 2: return pick(1'000) - 500;
      case 3: return std::numeric_limits<std::int64_t>::max();
      case 4: return std::numeric_limits<std::uint64_t>::max();
      case 5: return 1.5e300;
      case 6: {
        static const std::vector<std::string> texts{"", "x", "proxmox-vm", "noop", std::string{"a\0b", 3}, "\xc3\xa4\xf0\x9f\x9a\x82", "'; drop table actor; --", "P3D", "192.0.2.1"};
        return boost::json::string(texts[static_cast<std::size_t>(pick(static_cast<int>(texts.size())))]);
      }
      case 7: {
        JsonArray list;
        for (int i = pick(4); i > 0; --i) list.push_back(value(depth + 1));
        return list;
      }
      default: {
        JsonObject object;
        for (int i = pick(4); i > 0; --i) object[std::string(static_cast<std::size_t>(pick(3)), 'k') + "/~"] = value(depth + 1);
        return object;
      }
    }
  }
  std::mt19937 random_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fuzz)

BOOST_AUTO_TEST_CASE(of_every_route_gives_answers_and_refusals_and_never_a_5xx) {
  Desk desk;
  Garbage garbage{20'260'302};
  const std::vector<std::string> roles{"customer", "reseller", "staff", "admin"};
  std::map<int, int> statuses;
  for (int round = 0; round < 60; ++round) {
    for (const auto& route : desk.api->declared()) {
      // each failed login costs a password hash: bodies_test looks at those
      if (route.pattern.ends_with("login") && round > 4) continue;
      auto target = route.pattern;
      for (const char* parameter : {"{id}", "{name}", "{remedy}"})
        if (const auto at = target.find(parameter); at != std::string::npos) target.replace(at, std::string_view{parameter}.size(), garbage.word());
      target += garbage.query();
      const auto body = garbage.body();
      const bool of_staff = route.access == api::Access::staff;
      const auto& role = roles[static_cast<std::size_t>(garbage.pick(2) + (of_staff ? 2 : 0))];
      const auto told = desk.ask(route.method, target, {.token = desk.token(role), .body = body, .headers = {{"idempotency-key", garbage.word()}}});
      ++statuses[told.status];
      const auto what = std::string{http::to_string(route.method)} + " " + target.substr(0, 200) + " " + body + " -> " + std::to_string(told.status) + " " + told.text;
      BOOST_TEST((told.status >= 200 && told.status < 500), what);
      if (told.status >= 400) BOOST_TEST((told.json.is_object() && told.type().starts_with("/problems/")), what);
    }
  }
  for (const auto& [status, times] : statuses) BOOST_TEST_MESSAGE("fuzz: " << times << " answers with " << status);
}

BOOST_AUTO_TEST_SUITE_END()
