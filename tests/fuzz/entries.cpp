#include "tests/fuzz/entries.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "core/utf8.hpp"
#include "tests/support/catalog.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::fuzz {
namespace {

using namespace workflows;

constexpr std::size_t max_told = 201;          ///< problems of one file; the last one counts the rest
constexpr std::size_t max_message = 64 * 1024;  ///< bytes of one rendered problem

const Catalog& catalog() {
  static const Catalog made = testing::shipped_catalog();
  return made;
}

void check_problems(const std::vector<config::Problem>& problems, std::string_view source) {
  STELLWERK_ASSERT(!problems.empty() && problems.size() <= max_told, "a refused file tells between one and so many problems");
  const auto lines = static_cast<int>(std::ranges::count(source, '\n')) + 1;
  for (const auto& problem : problems) {
    STELLWERK_ASSERT(!explain(problem.code).empty(), "every code can be explained");
    STELLWERK_ASSERT(problem.place.line >= 1 && problem.place.line <= lines && problem.place.column >= 1, "every problem has a place in the file");
    const auto text = config::render(problem, source);
    STELLWERK_ASSERT(text.size() <= max_message, "a problem is short");
    STELLWERK_ASSERT(text.ends_with('\n'), "a problem ends its line");
  }
}

/// A variable of each kind, of a closed record, of no declared type, and the zone.
struct World {
  cel::Environment environment;
  std::vector<cel::Value> frame;

  World() {
    using To = cel::Type::Base;
    const auto member = [&](const char* name, cel::Type type, cel::Value value) {
      environment.add_member("self", name, std::move(type), static_cast<int>(frame.size()));
      frame.push_back(std::move(value));
    };
    const auto variable = [&](const char* name, cel::Type type, cel::Value value) {
      environment.add(name, std::move(type), static_cast<int>(frame.size()));
      frame.push_back(std::move(value));
    };
    frame.push_back(cel::Value::of_string("Europe/Berlin"));
    environment.set_zone_slot(0);
    member("name", cel::Type::of(To::string), cel::Value::of_string("v1.example.de"));
    member("count", cel::Type::of(To::integer, true), cel::Value::of_int(3));
    member("none", cel::Type::of(To::integer, true), {});
    member("rate", cel::Type::of(To::real), cel::Value::of_double(0.5));
    member("due", cel::Type::of(To::date, true), cel::Value::of_date(20'000));
    member("since", cel::Type::of(To::timestamp), cel::Value::of_timestamp(1'772'438'400, 0));
    member("span", cel::Type::of(To::duration), cel::Value::of_duration(3'600, 0));
    member("cycle", cel::Type::of(To::period), cel::Value::of_period({.months = 1, .days = 0}));
    member("share", cel::Type::of(To::decimal), cel::Value::of_decimal({1'250, 2}));
    member("price", cel::Type::of(To::money, true), cel::Value::of_money(parse_money("12.99 EUR").value()));
    member("words", cel::Type::list_of(cel::Type::of(To::string)), cel::Value::of_list({cel::Value::of_string("a"), cel::Value::of_string("b")}));
    variable("event", cel::Type::record({{"reason", cel::Type::of(To::string)}}), cel::Value::of_map({{cel::Value::of_string("reason"), cel::Value::of_string("abuse")}}));
    variable("result", {}, cel::Value::of_map({{cel::Value::of_string("id"), cel::Value::of_int(7)}}));
    variable("now", cel::Type::of(To::timestamp), cel::Value::of_timestamp(1'772'438'400, 0));
    variable("today", cel::Type::of(To::date), cel::Value::of_date(20'514));
    environment.add_ran("warn", static_cast<int>(frame.size()));
    frame.push_back(cel::Value::of_bool(true));
  }
};

const World& world() {
  static const World made;
  return made;
}

void check_mistakes(const std::vector<cel::Mistake>& mistakes, std::size_t size) {
  STELLWERK_ASSERT(!mistakes.empty(), "what does not compile has a mistake");
  for (const auto& mistake : mistakes) {
    STELLWERK_ASSERT(mistake.offset <= size, "a mistake is within the expression");
    STELLWERK_ASSERT(mistake.message.size() <= max_message && mistake.hint.size() <= max_message, "a mistake is short");
  }
}

/// The same twice: a value is of the frame alone.
template <class Expression>
void check_evaluation(const Expression& expression) {
  const auto once = expression.evaluate(world().frame);
  const auto again = expression.evaluate(world().frame);
  STELLWERK_ASSERT(once.has_value() == again.has_value(), "an expression is pure");
  if (!once) {
    STELLWERK_ASSERT(once.error().message == again.error().message, "an expression is pure");
    return;
  }
  STELLWERK_ASSERT(dump_json(cel::to_json(*once)) == dump_json(cel::to_json(*again)), "an expression is pure");
}

}  // namespace

void read_workflow(std::string_view bytes) {
  const std::string text{bytes};
  const auto loaded = load_workflow("fuzz.yaml", text, catalog());
  if (!loaded) return check_problems(loaded.error(), text);
  const auto again = load_workflow("fuzz.yaml", (*loaded)->text, catalog());
  STELLWERK_ASSERT(again.has_value(), "what was published can be loaded");
}

void read_expression(std::string_view bytes) {
  const auto program = cel::compile(bytes, world().environment);
  if (!program) return check_mistakes(program.error(), bytes.size());
  check_evaluation(*program);
  const auto again = cel::compile(program->source(), world().environment);
  STELLWERK_ASSERT(again.has_value(), "an expression keeps its source");
}

void read_template(std::string_view bytes) {
  if (const auto text = cel::compile_text(bytes, world().environment)) check_evaluation(*text);
  else check_mistakes(text.error(), bytes.size());
  const auto file = config::read_yaml("fuzz.yaml", std::string{bytes});
  if (!file) return check_problems(file.error(), bytes);
  std::vector<std::pair<config::Place, cel::Mistake>> mistakes;
  const auto made = cel::compile_template(file->root, world().environment, mistakes);
  if (mistakes.empty()) check_evaluation(made);
}

}  // namespace stellwerk::fuzz
