#include <boost/test/unit_test.hpp>

#include "api/http/reply.hpp"
#include "api/http/server.hpp"

using namespace stellwerk::http;

namespace {

struct Outcome {
  Response response;
  const std::string* header(std::string_view name) const {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return &value;
    }
    return nullptr;
  }
};

/// A handler that answers with its name and the parameters it got.
Handler named(std::string name) {
  return [name = std::move(name)](Request&& request, const Reply& reply) {
    std::string text = name;
    for (const auto& [key, value] : request.params) text += " " + key + "=" + value;
    reply.send(Response{.body = text});
  };
}

Outcome call(const Router& router, Method method, std::string target) {
  Outcome outcome;
  Request request;
  request.method = method;
  request.target = std::move(target);
  router.dispatch(std::move(request), make_reply([&](Response response) { outcome.response = std::move(response); }));
  return outcome;
}

Router sample() {
  Router router;
  router.add(Method::get, "/", named("root"));
  router.add(Method::get, "/api/tickets", named("list"));
  router.add(Method::post, "/api/tickets", named("open"));
  router.add(Method::get, "/api/tickets/{id}", named("one"));
  router.add(Method::get, "/api/tickets/new", named("new"));
  router.add(Method::post, "/api/tickets/{ticket}/commands/{name}", named("command"));
  router.add(Method::get, "/api/tickets/new/deep", named("deep"));
  router.add(Method::get, "/assets/{path...}", named("file"));
  return router;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(router)

BOOST_AUTO_TEST_CASE(prefers_literals_and_falls_back_to_parameters) {
  const auto router = sample();
  BOOST_CHECK_EQUAL(call(router, Method::get, "/").response.body, "root");
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api/tickets?limit=5").response.body, "list");
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api/tickets/new").response.body, "new");
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api/tickets/7").response.body, "one id=7");
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api/tickets/new/deep").response.body, "deep");
  BOOST_CHECK_EQUAL(call(router, Method::post, "/api/tickets/new/commands/close").response.body, "command name=close ticket=new");
}

BOOST_AUTO_TEST_CASE(splits_before_it_decodes) {
  const auto router = sample();
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api/tickets/a%2Fb").response.body, "one id=a/b");
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api/t%69ckets").response.body, "list");
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api/tickets/%zz").response.status, 400);
}

BOOST_AUTO_TEST_CASE(never_gives_a_climbing_rest_to_a_handler) {
  const auto router = sample();
  BOOST_CHECK_EQUAL(call(router, Method::get, "/assets/js/app.js").response.body, "file path=js/app.js");
  BOOST_CHECK_EQUAL(call(router, Method::get, "/assets").response.body, "file path=");
  for (const char* target : {"/assets/../secret", "/assets/%2e%2e/secret", "/assets/..%2Fsecret", "/assets/a%5c..%5cb", "/assets/./a"}) {
    BOOST_CHECK_EQUAL(call(router, Method::get, target).response.status, 404);
  }
}

BOOST_AUTO_TEST_CASE(tells_unknown_paths_from_unoffered_methods) {
  const auto router = sample();
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api").response.status, 404);
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api/tickets/").response.status, 404);
  BOOST_CHECK_EQUAL(call(router, Method::get, "/api/tickets/7/commands").response.status, 404);
  const auto refused = call(router, Method::delete_, "/api/tickets");
  BOOST_CHECK_EQUAL(refused.response.status, 405);
  BOOST_REQUIRE(refused.header("Allow"));
  BOOST_CHECK_EQUAL(*refused.header("Allow"), "GET, HEAD, POST, OPTIONS");
  BOOST_CHECK_EQUAL(*refused.header("Content-Type"), "application/problem+json");
}

BOOST_AUTO_TEST_CASE(answers_head_through_get_and_options_itself) {
  const auto router = sample();
  BOOST_CHECK_EQUAL(call(router, Method::head, "/api/tickets/7").response.body, "one id=7");
  const auto options = call(router, Method::options, "/api/tickets/7/commands/x");
  BOOST_CHECK_EQUAL(options.response.status, 204);
  BOOST_CHECK_EQUAL(*options.header("Allow"), "POST, OPTIONS");
  BOOST_CHECK_EQUAL(call(router, Method::options, "*").response.status, 204);
  BOOST_CHECK_EQUAL(call(router, Method::options, "/nowhere").response.status, 404);
}

BOOST_AUTO_TEST_CASE(survives_thirty_thousand_segments) {
  const auto router = sample();
  BOOST_CHECK_EQUAL(call(router, Method::get, std::string(30'000, '/')).response.status, 404);
  std::string deep = "/assets";
  for (int i = 0; i < 30'000; ++i) deep += "/a";
  BOOST_CHECK_EQUAL(call(router, Method::get, deep).response.status, 200);
}

BOOST_AUTO_TEST_CASE(lists_its_routes_in_order) {
  const auto routes = sample().routes();
  BOOST_REQUIRE_EQUAL(routes.size(), 8U);
  BOOST_CHECK(routes[2].first == Method::post);
  BOOST_CHECK_EQUAL(routes[2].second, "/api/tickets");
}

BOOST_AUTO_TEST_SUITE_END()
