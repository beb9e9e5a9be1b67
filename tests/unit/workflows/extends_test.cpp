// `extends`: what becomes one of two files, and what is said when that cannot be.
#include <boost/test/unit_test.hpp>

#include "tests/unit/workflows/loading.hpp"

namespace stellwerk::workflows {
namespace {

using namespace loading_test;

const std::string base = R"(language: 1
workflow: base
abstract: true
kind: thing
title: Base
settings: { wait: { type: period, default: P1D } }
attributes:
  n: { type: int, default: 1 }
  o: { type: int }
events:
  go: { allow: [staff] }
on: { go: { set: { n: 1, o: 2 }, notify: went } }
initial: a
states:
  a: { status: a, after: { settings.wait: { to: w } } }
  w:
    status: w
    steps: required
    done: { to: end }
    failed: incident
  end: { status: end, final: true }
)";

FindBase find(std::string text) {
  return [text = std::move(text)](std::string_view name) { return name == "base" ? std::optional<SourceFile>{{"base.yaml", text}} : std::nullopt; };
}

const std::string child = R"(language: 1
workflow: child
extends: base
title: { en: Child, de: Kind }
attributes: { n: { default: 2 }, m: { type: int } }
states:
  w: { steps: [ { x: { set: { m: "${self.n}" } } } ] }
)";

std::vector<config::Problem> problems(const std::string& text, const std::string& base_text = base) {
  const auto loaded = load_workflow("child.yaml", text, catalog(), find(base_text));
  return loaded ? std::vector<config::Problem>{} : loaded.error();
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  BOOST_REQUIRE(text.find(from) != std::string::npos);
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(extends)

BOOST_AUTO_TEST_CASE(maps_merge_by_key_and_the_rest_is_replaced) {
  const auto loaded = load_workflow("child.yaml", child, catalog(), find(base));
  if (!loaded) BOOST_ERROR(rendered(loaded.error(), child));
  BOOST_REQUIRE(loaded);
  const auto& made = **loaded;
  BOOST_TEST(made.name == "child");
  BOOST_TEST(made.base == "base");
  BOOST_TEST(made.title == "Child");
  BOOST_TEST(!made.abstract);
  BOOST_TEST(made.kind == "thing");
  BOOST_REQUIRE(made.attributes.size() == 3U);
  BOOST_TEST((*made.attributes[0].field.fallback == 2));
  BOOST_TEST(made.work(made.states[1].work).steps.size() == 1U);
  BOOST_TEST(made.work(made.states[1].work).failed_is_incident);
}

BOOST_AUTO_TEST_CASE(the_resolved_text_needs_no_base_and_means_the_same) {
  const auto text = resolve_workflow("child.yaml", child, find(base));
  BOOST_REQUIRE(text);
  BOOST_TEST(text->starts_with("language: 1\nworkflow: child\nkind: thing\ntitle: { en: Child, de: Kind }\n"), *text);
  BOOST_TEST(text->find("extends") == std::string::npos);
  BOOST_TEST(text->find("abstract") == std::string::npos);
  const auto again = load_workflow("resolved.yaml", *text, catalog());
  if (!again) BOOST_ERROR(rendered(again.error(), *text));
  BOOST_REQUIRE(again);
  BOOST_TEST((*again)->text == *text);
  BOOST_TEST((*load_workflow("child.yaml", child, catalog(), find(base)))->text == *text);
  BOOST_TEST((*again)->states.size() == 3U);
  BOOST_TEST(*resolve_workflow("resolved.yaml", *text, {}) == *text);
}

BOOST_AUTO_TEST_CASE(a_base_loads_by_itself_with_its_steps_left_open) {
  const auto made = load(base);
  BOOST_TEST(made->abstract);
  BOOST_TEST(made->work(made->states[1].work).required);
  BOOST_TEST(made->work(made->states[1].work).steps.empty());
}

BOOST_AUTO_TEST_CASE(steps_that_the_base_requires_must_be_given) {
  const auto found = problems(changed(child, "  w: { steps: [ { x: { set: { m: \"${self.n}\" } } } ] }", "  a: { title: A }"));
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST(found[0].code == "SW019");
  BOOST_TEST(found[0].file == "child.yaml");
  BOOST_TEST(found[0].place.line == 3);
}

BOOST_AUTO_TEST_CASE(a_workflow_of_its_own_gives_its_steps) {
  const auto found = problems_of(changed(base, "abstract: true\n", ""));
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST(found[0].code == "SW019");
}

BOOST_AUTO_TEST_CASE(a_mistake_in_the_base_is_told_in_the_base) {
  const auto found = problems(changed(child, "de: Kind", "deu: Kind"), changed(base, "to: end", "to: ende"));
  BOOST_REQUIRE(found.size() == 2U);
  BOOST_TEST(found[0].file == "child.yaml");
  BOOST_TEST(found[0].place.line == 4);
  BOOST_TEST(found[1].file == "base.yaml");
  BOOST_TEST(found[1].place.line == 19);
  BOOST_TEST(found[1].hint == "did you mean 'end'?");
}

BOOST_AUTO_TEST_CASE(a_base_is_abstract_known_and_the_only_level) {
  const auto code = [](const std::vector<config::Problem>& found) { return found.empty() ? std::string{"none"} : found[0].code; };
  BOOST_TEST(code(problems(changed(child, "extends: base", "extends: bass"))) == "SW038");
  BOOST_TEST(code(problems(child, changed(base, "abstract: true\n", ""))) == "SW018");
  BOOST_TEST(code(problems(child, changed(base, "abstract: true\n", "abstract: true\nextends: other\n"))) == "SW018");
  BOOST_TEST(code(problems(changed(child, "extends: base", "extends: base\nabstract: true"))) == "SW018");
  BOOST_TEST(code(problems(child, changed(base, "workflow: base", "workflow: other"))) == "SW038");
  BOOST_TEST(code(problems(child + "  a: { after: null }\n")) == "SW018");
  BOOST_TEST(code(problems(child + "on: { go: { set: { o: null } } }\n")) == "none");
  const auto unread = problems(child, "a: [");
  BOOST_REQUIRE(!unread.empty());
  BOOST_TEST(unread[0].file == "base.yaml");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
