// What holds for every connector: order of work, defaults, and what may stand in a request.
#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include "connectors/execution_parts.hpp"
#include "tests/unit/connectors/vendor_double.hpp"

using namespace stellwerk;
using namespace stellwerk::test;
using namespace stellwerk::connectors;
using enum OutcomeClass;
using Failure = DriverResponse::Failure;

namespace {

std::shared_ptr<const Connector> load(const std::string& operations, const std::string& section = "operations:") {
  const auto text = fmt::format(R"(language: 1
connector: demo
driver: http
settings:
  base_url: {{ type: url, required: true }}
  key: {{ type: secret }}
auth: {{ header: {{ X-Key: "${{settings.key}}" }} }}
{}
{})",
                                section, operations);
  auto loaded = load_connector("demo.yaml", text);
  if (!loaded) {
    for (const auto& problem : loaded.error()) BOOST_TEST_MESSAGE(config::render(problem, text));
  }
  BOOST_REQUIRE(loaded.has_value());
  return *loaded;
}

Call call_of(std::string operation, Json input = JsonObject{}) {
  Call call;
  call.operation = std::move(operation);
  call.input = std::move(input);
  call.settings = {{"base_url", "https://api.example.com/v1"}};
  call.secrets.emplace("key", config::Secret{"k-123456"});
  call.actor_id = "svc_1";
  call.key = "run_1/step/1";
  return call;
}

Outcome outcome_of(Execution::Next next) {
  BOOST_REQUIRE(std::holds_alternative<Outcome>(next));
  return std::get<Outcome>(std::move(next));
}
Execution::Send send_of(Execution::Next next) {
  BOOST_REQUIRE(std::holds_alternative<Execution::Send>(next));
  return std::get<Execution::Send>(std::move(next));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(execution)

BOOST_AUTO_TEST_CASE(an_unmatched_answer_is_unclear_after_a_change_and_retried_after_a_read) {
  const auto connector = load(R"(  change:
    effect: sets
    request: { put: /x }
    outcomes: [ { is: done, when: response.status == 201 } ]
  read:
    effect: reads
    request: { get: /x }
    outcomes: [ { is: done, when: response.status == 201 } ]
)");
  for (const auto& response : {answer(200, "OK", "{}"), answer(500, "Oops"), answer(200, "OK", "<"), broken(Failure::uncertain, "reset")}) {
    Execution change{connector, call_of("change")};
    BOOST_TEST(send_of(change.start()).changing);
    BOOST_TEST(outcome_of(change.on_response(response)).is == unclear);
    Execution read{connector, call_of("read")};
    BOOST_TEST(!send_of(read.start()).changing);
    BOOST_TEST(outcome_of(read.on_response(response)).is == retry);
  }
}

BOOST_AUTO_TEST_CASE(what_can_neither_be_seen_nor_repeated_stays_unclear) {
  const auto connector = load(R"(  pay:
    effect: charges
    repeatable: false
    request: { post: /pay }
    outcomes: [ { is: done, when: response.status == 200 } ]
  set:
    effect: sets
    request: { post: /set }
    outcomes: [ { is: done, when: response.status == 200 } ]
)");
  auto call = call_of("pay");
  call.mode = Call::Mode::observe;
  const auto outcome = outcome_of(Execution{connector, call}.start());
  BOOST_TEST(outcome.is == unclear);
  BOOST_TEST(outcome.code == "unobservable");
  BOOST_TEST(!outcome.text.empty());
  call.operation = "set";
  BOOST_TEST(outcome_of(Execution{connector, call}.start()).is == not_done);
}

BOOST_AUTO_TEST_CASE(a_request_is_made_of_path_query_headers_and_json_without_what_is_null) {
  const auto connector = load(R"(  set:
    effect: sets
    input: { name: { type: string }, tags: { type: list, of: string }, note: { type: string } }
    request:
      put: "/things/${url(input.name)}"
      query: { a: "b c&d", none: "${input.note}" }
      headers: { X-Note: "${input.note}", Idempotency-Key: "${attempt.key}", X-Actor: "${actor.id}" }
      json: { name: "${input.name}", tags: "${input.tags}", nested: { fixed: 1 } }
    outcomes: [ { is: done, when: response.status == 200 } ]
)");
  Execution execution{connector, call_of("set", JsonObject{{"name", "a/b ä"}, {"tags", JsonArray{"x", "y"}}})};
  const auto request = send_of(execution.start()).request;
  BOOST_TEST(request.method == "PUT");
  BOOST_TEST(request.url == "https://api.example.com/v1/things/a%2Fb%20%C3%A4?a=b%20c%26d");
  BOOST_TEST(request.key == "run_1/step/1");
  const auto has = [&](const std::string& name, const std::string& value) { return std::find(request.headers.begin(), request.headers.end(), std::pair{name, value}) != request.headers.end(); };
  BOOST_TEST(has("X-Key", "k-123456"));
  BOOST_TEST(has("Idempotency-Key", "run_1/step/1"));
  BOOST_TEST(has("X-Actor", "svc_1"));
  BOOST_TEST(has("Content-Type", "application/json"));
  BOOST_TEST(std::none_of(request.headers.begin(), request.headers.end(), [](const auto& header) { return header.first == "X-Note"; }));
  const auto body = parse_json(request.body);
  BOOST_REQUIRE(body.has_value());
  BOOST_TEST(*body == Json(JsonObject{{"name", "a/b ä"}, {"tags", JsonArray{"x", "y"}}, {"nested", JsonObject{{"fixed", 1}}}}));
}

BOOST_AUTO_TEST_CASE(a_value_cannot_leave_its_place_in_path_or_header) {
  const auto connector = load(R"(  set:
    effect: sets
    input: { name: { type: string, required: true } }
    request: { put: "/things/${input.name}", headers: { X-Name: "${input.name}" } }
    outcomes: [ { is: done, when: response.status == 200 } ]
)");
  for (const auto* name : {"../users", "a b", "a?admin=1", "a#b", "", "a\r\nX-Admin: 1", "..", "ä"}) {
    Execution execution{connector, call_of("set", JsonObject{{"name", name}})};
    const auto next = execution.start();
    if (std::string_view{name}.empty()) continue;  // an empty last segment is the author's to judge
    const auto outcome = outcome_of(next);
    BOOST_TEST(outcome.is == rejected_operator, name);
    BOOST_TEST(outcome.code == "request");
    BOOST_TEST(!outcome.sent);
  }
}

BOOST_AUTO_TEST_CASE(input_that_does_not_fit_is_refused_before_anything_is_sent) {
  const auto connector = load(R"(  set:
    effect: sets
    input: { n: { type: int, required: true, min: 3 }, password: { type: secret } }
    request: { put: /n, form: { n: "${input.n}" } }
    outcomes: [ { is: done, when: response.status == 200 } ]
)");
  for (const auto& input : {JsonObject{}, JsonObject{{"n", 2}}, JsonObject{{"n", "x"}, {"password", "geheim-123"}}}) {
    const auto outcome = outcome_of(Execution{connector, call_of("set", input)}.start());
    BOOST_TEST(outcome.is == rejected_operator);
    BOOST_TEST(outcome.code == "input");
    BOOST_TEST(outcome.text.find("/n") != std::string::npos, outcome.text);
    BOOST_TEST(outcome.text.find("geheim") == std::string::npos);
  }
  BOOST_TEST(outcome_of(Execution{connector, call_of("sett")}.start()).code == "unknown_operation");
}

BOOST_AUTO_TEST_CASE(an_answer_without_what_the_output_needs_is_unclear_after_a_change) {
  const auto connector = load(R"(  make:
    effect: sets
    output: { id: { type: int, value: response.body.id }, echo: { type: string, value: response.body.echo } }
    request: { put: /x }
    outcomes: [ { is: done, when: response.status == 200 } ]
)");
  Execution good{connector, call_of("make")};
  (void)send_of(good.start());
  const auto outcome = outcome_of(good.on_response(answer(200, "OK", R"({"id":7,"echo":"key k-123456"})")));
  BOOST_TEST(outcome.is == done);
  BOOST_TEST(outcome.output == Json(JsonObject{{"id", 7}, {"echo", "key ***"}}));
  Execution bad{connector, call_of("make")};
  (void)send_of(bad.start());
  BOOST_TEST(outcome_of(bad.on_response(answer(200, "OK", "{}"))).is == unclear);
}

BOOST_AUTO_TEST_CASE(an_expression_that_fails_on_an_answer_is_never_taken_for_false) {
  const auto connector = load(R"(  set:
    effect: sets
    request: { put: /x }
    outcomes:
      - { is: gone, when: response.body.error == 'gone' }
      - { is: done, when: response.status == 200 }
)");
  Execution execution{connector, call_of("set")};
  (void)send_of(execution.start());
  const auto outcome = outcome_of(execution.on_response(answer(200, "OK", "{}")));
  BOOST_TEST(outcome.is == unclear);
  BOOST_TEST(outcome.code == "unreadable");
}

BOOST_AUTO_TEST_CASE(what_the_vendor_says_is_shortened_visibly_and_masked_before) {
  const auto connector = load(R"(  set:
    effect: sets
    request: { put: /x }
    outcomes: [ { is: rejected_operator, when: response.status == 500, text: "${response.body.error}" } ]
)");
  const auto told = [&](const std::string& error) {
    Execution execution{connector, call_of("set")};
    (void)send_of(execution.start());
    return outcome_of(execution.on_response(answer(500, "Oops", dump_json(JsonObject{{"error", error}})))).text;
  };
  BOOST_TEST(told(std::string(max_text, 'x')) == std::string(max_text, 'x'));
  const auto text = told(std::string(max_text + 1, 'x'));
  BOOST_TEST(text.size() <= max_text);
  const auto kept = text.find_first_not_of('x');
  BOOST_TEST(text.substr(kept) == fmt::format("… ({} bytes left out)", max_text + 1 - kept));
  // a secret that lies across the cut is not told by half
  for (std::size_t before = 40; before > 20; --before) {
    const auto cut = told(std::string(max_text - before, 'x') + "k-123456" + std::string(1'000, 'x'));
    BOOST_TEST(cut.find("k-") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_task_whose_name_is_too_long_is_not_kept_in_part) {
  const auto connector = load(R"(polls:
  task: { request: { get: "/tasks/${handle}" }, every: { from: PT2S, to: PT30S, backoff: 2 }, outcomes: [ { is: done, when: response.status == 200 } ] }
operations:
  set:
    effect: sets
    request: { put: /x }
    outcomes: [ { is: pending, when: response.status == 202, handle: "${response.body.task}" } ]
    poll: task
)", "");
  const auto answered = [&](std::size_t bytes) {
    Execution execution{connector, call_of("set")};
    (void)send_of(execution.start());
    return outcome_of(execution.on_response(answer(202, "Accepted", dump_json(JsonObject{{"task", std::string(bytes, 't')}}))));
  };
  BOOST_TEST(answered(max_handle).is == pending);
  BOOST_TEST(answered(max_handle).handle.size() == max_handle);
  const auto outcome = answered(max_handle + 1);
  BOOST_TEST(outcome.is == unclear);
  BOOST_TEST(outcome.handle.empty());
  BOOST_TEST(outcome.text.find("4097 bytes") != std::string::npos, outcome.text);
}

BOOST_AUTO_TEST_CASE(masking_replaces_the_longest_secret_first_and_ignores_empty_ones) {
  const std::map<std::string, config::Secret> secrets{{"a", config::Secret{"abc"}}, {"b", config::Secret{"abcdef"}}, {"c", config::Secret{""}}};
  BOOST_TEST(mask("x abcdef y abc z", secrets) == "x *** y *** z");
  BOOST_TEST(mask("nothing", {}) == "nothing");
}

BOOST_AUTO_TEST_SUITE_END()
