// What is wrong with a connector file is told at once, with its place and what instead.
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "connectors/definition.hpp"
#include "tests/unit/connectors/vendor_double.hpp"

using namespace stellwerk;

namespace {

const std::string good = R"(language: 1
connector: demo
driver: http
settings:
  base_url: { type: url, required: true }
  user: { type: string }
  key: { type: secret, required: true }
auth: { header: { X-Key: "${settings.key}" } }
limits:
  - { in_flight: 2, shared: server }
lookups:
  box: { request: { get: "/box/${input.id}" }, value: response.body.box }
owns: { lookup: box, when: box.owner == actor.id }
polls:
  job:
    request: { get: "/jobs/${url(handle)}" }
    every: { from: PT1S, to: PT8S, backoff: 2 }
    outcomes: [ { is: done, when: response.body.state == 'done' } ]
outcomes:
  - { is: rejected_operator, when: response.status >= 400 }
operations:
  make:
    effect: creates
    undo: remove
    identity: id
    input: { id: { type: int, required: true }, password: { type: secret } }
    probe: { lookup: box, outcomes: [ { is: already, when: box != null } ] }
    request: { post: /box, form: { id: "${input.id}", password: "${input.password}" } }
    outcomes: [ { is: pending, when: response.status == 202, handle: "${response.body.job}" } ]
    poll: job
  remove:
    effect: destroys
    input: { id: { type: int, required: true } }
    request: { delete: "/box/${input.id}" }
    outcomes: [ { is: done, when: response.status == 204 } ]
  remake:
    effect: sets
    input: { id: { type: int, required: true }, note: { type: string } }
    steps:
      - remove: { call: remove, with: { id: "${input.id}" } }
      - make: { call: make, with: { id: "${input.id}" } }
)";

std::string with(const std::string& from, const std::string& to) {
  auto text = good;
  const auto at = text.find(from);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

struct Mistake {
  const char* from;
  const char* to;
  const char* code;
  const char* message;  ///< part of it
  const char* hint;     ///< part of it
};

const std::vector<Mistake> mistakes{
    {"language: 1\n", "", "SW201", "begins with 'language: 1'", ""},
    {"language: 1", "language: 2", "SW201", "'2' is not known", "language: 1"},
    {"polls:", "pols:", "SW202", "no key 'pols'", "did you mean 'polls'?"},
    {"    undo: remove", "    undoo: remove", "SW202", "operation 'make' has no key 'undoo'", "did you mean 'undo'?"},
    {"driver: http", "driver: http\nlisten: {}", "SW203", "'listen' in a connector is not carried out", "remove it"},
    {"driver: http", "driver: https", "SW208", "no driver 'https'", "did you mean 'http'?"},
    {"  base_url: { type: url, required: true }\n", "", "SW205", "needs the setting 'base_url'", "base_url"},
    {"in_flight: 2", "in_flight: 0", "SW209", "'in_flight' must be", ""},
    {"in_flight: 2, shared: server", "requests: 3, per: PT1S, in_flight: 2, shared: server", "SW203", "'requests' in a limit", ""},
    {"shared: server", "shared: everyone", "SW209", "not shared by 'everyone'", "server"},
    {"shared: server", "shared: server, for: [mak]", "SW208", "no simple operation 'mak'", "did you mean 'make'?"},
    {"value: response.body.box }", "}", "SW205", "lookup 'box' needs the key 'value'", ""},
    {"get: \"/box/${input.id}\"", "post: \"/box/${input.id}\"", "SW210", "a lookup only reads", ""},
    {"get: \"/box/${input.id}\"", "get: \"box\"", "SW210", "must begin with '/'", "base_url"},
    {"get: \"/box/${input.id}\"", "get: \"/box/${input.idd}\"", "SW206", "idd", ""},
    {"lookup: box, when: box.owner", "lookup: bx, when: box.owner", "SW208", "no lookup 'bx'", "box"},
    {"lookup: box, when: box.owner", "lookup: [box], when: box.owner", "SW204", "'lookup' of 'owns' must be a text", ""},
    {"when: box.owner == actor.id", "when: box.owner == actor.name", "SW206", "name", ""},
    {"owns: { lookup: box, when: box.owner == actor.id }\n", "", "SW211", "operation 'remove' must be proven ours", "owns"},
    {"    every: { from: PT1S, to: PT8S, backoff: 2 }", "    every: { from: PT9S, to: PT8S }", "SW209", "0 < from <= to", ""},
    {"from: PT1S", "from: 1s", "SW209", "'from'", "ISO 8601"},
    {"backoff: 2", "backoff: 0.5", "SW209", "'backoff'", ""},
    {"is: done, when: response.body.state", "is: finished, when: response.body.state", "SW208", "no outcome class 'finished'", ""},
    {"when: response.body.state == 'done'", "when: \"'done'\"", "SW206", "", ""},
    {"{ is: rejected_operator, when: response.status >= 400 }", "{ is: retry_after, when: response.status == 429 }", "SW205", "needs the key 'after'", ""},
    {"{ is: rejected_operator, when: response.status >= 400 }", "{ is: retry, when: response.status >= 400, hold: world }", "SW208", "no extent of a hold 'world'", "server"},
    {"- { is: rejected_operator, when: response.status >= 400 }", "- { is: retry }\n  - { is: gone, when: response.status == 404 }", "SW209", "never reached", ""},
    {"when: response.status >= 400", "when: \"settings.key == 'x'\"", "SW207", "a secret may only flow into a request", ""},
    {"is: rejected_operator, when: response.status >= 400", "is: retry, when: response.status >= 400, text: \"${settings.key}\"", "SW207", "a secret may only flow", ""},
    {"post: /box,", "post: \"/box/${input.password}\",", "SW207", "a secret may only flow", ""},
    {"post: /box,", "", "SW210", "needs a method", "get"},
    {"post: /box,", "post: /box, put: /box,", "SW210", "one method", ""},
    {"form: { id: \"${input.id}\"", "json: {}, form: { id: \"${input.id}\"", "SW210", "at most one of form, json and body", ""},
    {"post: /box,", "parse: xml, post: /box,", "SW203", "'xml' are not read", "json"},
    {"effect: creates", "effect: create", "SW208", "no effect 'create'", "did you mean 'creates'?"},
    {"    undo: remove\n", "", "SW212", "names no 'undo'", ""},
    {"undo: remove", "undo: remov", "SW208", "no operation 'remov'", "did you mean 'remove'?"},
    {"    identity: id\n", "", "SW212", "names no 'identity'", "repeatable: false"},
    {"identity: id", "identity: ident", "SW208", "no input 'ident'", ""},
    {"    probe: { lookup: box, outcomes: [ { is: already, when: box != null } ] }\n", "", "SW212", "has no 'probe'", "repeatable: false"},
    {", handle: \"${response.body.job}\"", "", "SW205", "'pending' without 'handle'", ""},
    {"    poll: job\n", "", "SW205", "'pending', but no 'poll'", ""},
    {"    poll: job\n", "    poll: jobs\n", "SW208", "no poll 'jobs'", "did you mean 'job'?"},
    {"    poll: job\n", "    poll: job\n    verify: {}\n", "SW203", "'verify' in operation 'make'", ""},
    {"effect: destroys", "effect: destroys\n    owned: false", "SW211", "always proven", ""},
    {"call: remove, with: { id: \"${input.id}\" }", "call: remake, with: { id: \"${input.id}\" }", "SW208", "no simple operation of this connector 'remake'", ""},
    {"call: remove, with: { id: \"${input.id}\" }", "call: remove, with: {}", "SW213", "required input 'id' of 'remove'", ""},
    {"call: remove, with: { id: \"${input.id}\" }", "call: remove, with: { id: \"${input.id}\", force: true }", "SW208", "'force'", ""},
    {"call: remove, with: { id: \"${input.id}\" }", "call: remove, with: { id: word }", "SW213", "input 'id' of 'remove' takes int", ""},
    {"call: remove, with: { id: \"${input.id}\" }", "call: remove, with: { id: \"${input.note}\" }", "SW213", "may be null", ""},
    {"      - make: {", "      - remove: {", "SW213", "two steps 'remove'", ""},
    {"lookups:\n", "lookups:\n  more: { request: { get: /more }, value: response.body }\n", "SW214", "lookup 'more' is used by no operation", ""},
    {"  box: {", "  box: { needs: box,", "SW215", "lookup 'box' needs itself", "box -> box"},
    {"driver: http", "driver: http\nhealth: remove", "SW209", "'health' names an operation that reads", ""},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(connector_loader)

BOOST_AUTO_TEST_CASE(a_good_file_loads) {
  const auto loaded = connectors::load_connector("demo.yaml", good);
  if (!loaded) {
    for (const auto& problem : loaded.error()) BOOST_TEST_MESSAGE(config::render(problem, good));
  }
  BOOST_REQUIRE(loaded.has_value());
  BOOST_TEST((*loaded)->name() == "demo");
  BOOST_TEST((*loaded)->driver() == "http");
  BOOST_TEST((*loaded)->settings().size() == 3u);
  BOOST_TEST((*loaded)->signatures().size() == 3u);
}

BOOST_AUTO_TEST_CASE(every_mistake_is_told_with_code_place_and_hint) {
  for (const auto& mistake : mistakes) {
    BOOST_TEST_CONTEXT(mistake.from << " => " << mistake.to) {
      const auto text = with(mistake.from, mistake.to);
      const auto loaded = connectors::load_connector("demo.yaml", text);
      BOOST_TEST(!loaded.has_value());
      if (loaded) continue;
      const auto found = std::find_if(loaded.error().begin(), loaded.error().end(), [&](const auto& problem) {
        return problem.code == mistake.code && problem.message.find(mistake.message) != std::string::npos && problem.hint.find(mistake.hint) != std::string::npos;
      });
      if (found == loaded.error().end()) {
        for (const auto& problem : loaded.error()) BOOST_TEST_MESSAGE(config::render(problem, text));
      }
      BOOST_TEST((found != loaded.error().end()));
      for (const auto& problem : loaded.error()) {
        BOOST_TEST(problem.file == "demo.yaml");
        BOOST_TEST(problem.place.line >= 1);
        BOOST_TEST(!problem.message.ends_with('.'));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(all_mistakes_are_told_at_once_in_the_order_of_the_file) {
  auto text = with("polls:", "pols:");
  text.replace(text.find("effect: destroys"), 16, "effect: destroyed");
  text.replace(text.find("response.status == 204"), 22, "response.statu == 204");
  const auto loaded = connectors::load_connector("demo.yaml", text);
  BOOST_REQUIRE(!loaded.has_value());
  BOOST_TEST(loaded.error().size() >= 3u);
  BOOST_TEST(std::is_sorted(loaded.error().begin(), loaded.error().end(), [](const auto& a, const auto& b) { return a.place < b.place; }));
}

BOOST_AUTO_TEST_CASE(a_mistake_in_a_shared_part_is_told_once) {
  const auto text = with("when: response.status >= 400", "when: response.statu >= 400");
  const auto loaded = connectors::load_connector("demo.yaml", text);
  BOOST_REQUIRE(!loaded.has_value());
  BOOST_TEST(loaded.error().size() == 1u);
  BOOST_TEST(loaded.error().front().place.line == 20);
}

BOOST_AUTO_TEST_CASE(an_operation_that_is_never_repeated_needs_no_way_to_look) {
  auto text = with("    identity: id\n", "    repeatable: false\n");
  const std::string probe = "    probe: { lookup: box, outcomes: [ { is: already, when: box != null } ] }\n";
  text.replace(text.find(probe), probe.size(), "");
  const auto loaded = connectors::load_connector("demo.yaml", text);
  BOOST_REQUIRE(loaded.has_value());
  BOOST_TEST(!(*loaded)->signatures().front().repeatable);
  BOOST_TEST(!(*loaded)->signatures().back().repeatable);  // a composite is as good as its worst entry
}

BOOST_AUTO_TEST_CASE(what_is_no_connector_at_all_is_refused_with_a_place) {
  for (const auto* text : {"", "[]", "just a text", "language: 1", "language: 1\noperations: []", "language: 1\nconnector: [a]\ndriver: {}\noperations: {a: 1, b: {steps: 3}, c: {effect: [], input: 7}}"}) {
    const auto loaded = connectors::load_connector("x.yaml", text);
    BOOST_TEST(!loaded.has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(a_file_with_a_line_missing_or_cut_anywhere_is_loaded_or_refused_with_a_place) {
  std::vector<std::string> broken;
  for (std::size_t at = 0; at < good.size();) {
    const auto end = good.find('\n', at) + 1;
    broken.push_back(good.substr(0, at) + good.substr(end));
    broken.push_back(good.substr(0, at));
    broken.push_back(good.substr(0, at + (end - at) / 2));
    at = end;
  }
  for (const auto& text : broken) {
    const auto loaded = connectors::load_connector("demo.yaml", text);
    if (loaded) {
      BOOST_TEST(!(*loaded)->signatures().empty());
    } else {
      BOOST_TEST(!loaded.error().empty());
      for (const auto& problem : loaded.error()) BOOST_TEST(!config::render(problem, text).empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
