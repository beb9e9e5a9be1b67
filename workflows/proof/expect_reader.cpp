// The names in `expect`.

#include <fmt/format.h>

#include "workflows/proof/script_reader.hpp"

namespace stellwerk::workflows::proof {

using config::Yaml;
using namespace reading;

namespace {

class ExpectReader {
 public:
  explicit ExpectReader(Reading& in) : in_{in}, report_{in.report}, definition_{in.definition} {}

  void read(const Yaml& expect) {
    std::vector<std::string> known = expect_keys();
    for (const auto& attribute : definition_.attributes) known.push_back(attribute.field.name);
    for (const auto& [key, place, value] : expect.entries) {
      if (!contains(known, key)) {
        report_.add(code::unknown_key, place, fmt::format("'expect' knows no '{}', and workflow {} has no such attribute", key, definition_.name), suggest(key, known));
      } else if (key == "state") {
        std::vector<std::string> names;
        for (const auto& state : definition_.states) names.push_back(state.name);
        word(value, names, "state", code::unknown_state);
      } else if (key == "status") {
        std::vector<std::string> names;
        for (const auto& state : definition_.states) names.push_back(state.status);
        word(value, names, "status", code::unknown_status);
      } else if (key == "calls") {
        all(value, operation_names(in_.catalog), "operation", code::unknown_operation);
      } else if (key == "actions") {
        std::vector<std::string> names;
        for (const auto& [name, action] : in_.catalog.actions) names.push_back(name);
        all(value, names, "action", code::unknown_operation);
      } else if (key == "allowed") {
        all(value, roles(), "role", code::unknown_role);
      } else if (key == "timers") {
        timers(value);
      }
    }
  }

 private:
  void tell(const std::string& name, config::Place place, const std::vector<std::string>& known, std::string_view what, const char* problem) {
    if (!contains(known, name)) report_.add(problem, place, fmt::format("there is no {} '{}'", what, name), suggest(name, known));
  }
  void word(const Yaml& value, const std::vector<std::string>& known, std::string_view what, const char* problem) {
    if (value.is_text() && !contains(known, value.text))
      report_.add(problem, value.place, fmt::format("workflow {} has no {} '{}'", definition_.name, what, value.text), suggest(value.text, known));
  }
  /// Words of a list, and keys of maps in it or of the map itself.
  void all(const Yaml& value, const std::vector<std::string>& known, std::string_view what, const char* problem) {
    if (value.is_text()) tell(value.text, value.place, known, what, problem);
    for (const auto& entry : value.entries) tell(entry.key, entry.key_place, known, what, problem);
    for (const auto& item : value.items) all(item, known, what, problem);
  }

  void timers(const Yaml& value) {
    std::vector<std::string> known{"after"};
    for (const auto& schedule : definition_.schedules) known.insert(known.end(), {schedule.name, "schedule:" + schedule.name});
    for (const auto& state : definition_.states)
      for (const auto& after : state.after) known.push_back(after.name);
    for (const auto& work : definition_.works)
      for (const auto& step : work.steps)
        if (std::holds_alternative<WaitStep>(step.body) || std::holds_alternative<ApproveStep>(step.body)) known.insert(known.end(), {step.name, "wait:" + step.name});
    for (const auto& [name, place, due] : value.entries) {
      tell(name, place, known, "timer", code::unknown_step);
      const auto moment = due.is_null() ? Result<Time>{Time{}} : read_moment(due.text, in_.calendar);
      if (!moment) report_.add(code::wrong_value, due.place, moment.error().message, "write 2026-03-19T08:00+01:00, a date, or null: not armed");
    }
  }

  Reading& in_;
  Report& report_;
  const Definition& definition_;
};

}  // namespace

const std::vector<std::string>& roles() {
  static const std::vector<std::string> all{"customer", "reseller", "staff", "admin", "system"};
  return all;
}

std::vector<std::string> operation_names(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const auto& [name, operation] : catalog.operations) names.push_back(name);
  return names;
}

void check_expect(Reading& reading, const Yaml& expect) {
  if (!expect.is_map()) return wrong_value(reading.report, expect, "expect", "a map of what is expected");
  if (expect.entries.empty()) reading.report.add(code::wrong_value, expect.place, "'expect' expects nothing", "add what must be there, such as state: active");
  ExpectReader{reading}.read(expect);
}

}  // namespace stellwerk::workflows::proof
