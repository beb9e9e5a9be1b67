// Steps that get in each other's way.
#include <fmt/format.h>

#include "workflows/loader/checks.hpp"

namespace stellwerk::workflows::loading {
namespace {

std::set<int> written_by(const Step& step) {
  std::set<int> attributes;
  for (const auto& save : step.save) attributes.insert(save.attribute);
  if (const auto* local = std::get_if<LocalStep>(&step.body)) add_written(attributes, local->effects);
  return attributes;
}

}  // namespace

void check_parallel(Context& context) {
  const auto& definition = context.definition;
  const auto one = [&](const Step& step) {
    const auto* parallel = std::get_if<ParallelStep>(&step.body);
    if (!parallel || !parallel->steps) return;
    std::map<int, std::string> written;
    for (const auto& branch : *parallel->steps) {
      for (const int attribute : written_by(branch)) {
        const auto [first, is_new] = written.emplace(attribute, branch.name);
        if (is_new) continue;
        context.report.add(code::saved_twice, branch.place,
                           fmt::format("'{}' and '{}' run at the same time, and both write '{}'", first->second, branch.name, definition.attributes[static_cast<std::size_t>(attribute)].field.name),
                           "write different attributes, or do the steps one after the other");
      }
    }
  };
  for (const auto& work : definition.works) each_step(work.steps, one);
}

void check_approvals(Context& context) {
  const auto& definition = context.definition;
  for (const auto& work : definition.works) {
    each_step(work.steps, [&](const Step& step) {
      if (!std::holds_alternative<ApproveStep>(step.body)) return;
      for (const auto* name : {"approve", "reject"}) {
        if (!definition.events.contains(name)) continue;
        context.report.add(code::reserved_event, step.place, fmt::format("'{}' is answered by the commands approve and reject, but the workflow declares an event '{}' itself", step.name, name),
                           "give the event another name");
      }
    });
  }
}

}  // namespace stellwerk::workflows::loading
