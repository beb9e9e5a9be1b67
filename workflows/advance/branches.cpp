// Steps within steps: the branches of a `parallel`, all at the same time, and the elements of an `each`, one after the other.

#include <fmt/format.h>

#include <algorithm>

#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

constexpr std::size_t max_elements = 256;

/// True while it lives.
class Raised {
 public:
  explicit Raised(bool& flag) : flag_{flag} { flag_ = true; }
  ~Raised() { flag_ = false; }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  bool& flag_;
};

}  // namespace

bool Deciding::is_finished(const StepAt& branch) const { return std::find(run().finished.begin(), run().finished.end(), branch) != run().finished.end(); }

Result<Flow> Deciding::begin_parallel(const ParallelStep& parallel) {
  run().finished.clear();
  run().failures.clear();
  STELLWERK_CHECK(begin_branches());
  at_ = run().at;
  if (run().attempts.empty() && run().failures.empty() && run().finished.size() == parallel.steps->size()) {  // nothing to wait for
    note({{"type", "step_done"}, {"step", here().name}});
    run().results.as_object()[here().name] = JsonObject{};
    run().finished.clear();
    return Flow::on;
  }
  STELLWERK_CHECK(branch_ended());
  return Flow::waits;
}

Result<void> Deciding::begin_branches() {
  const int outer = run().at.step;
  const auto& branches = *std::get<ParallelStep>(step(StepAt{.step = outer}).body).steps;
  const Raised beginning{beginning_};
  for (int inner = 0; inner < static_cast<int>(branches.size()) && run().failures.empty(); ++inner) {
    at_ = StepAt{.step = outer, .inner = inner};
    if (is_finished(at_) || has_attempt()) continue;
    auto flow = Flow::on;
    if (here().when) {
      auto holds = here().when.test(frame());
      if (!holds) {
        STELLWERK_TRY(flow, cannot_begin("expression", holds.error()));
        if (flow == Flow::on) run().finished.push_back(at_);
        continue;
      }
      if (!*holds) {
        note({{"type", "step_skipped"}, {"step", here().name}});
        run().finished.push_back(at_);
        continue;
      }
    }
    STELLWERK_TRY(flow, begin_step());
    if (flow == Flow::on) run().finished.push_back(at_);
  }
  return {};
}

void Deciding::put_aside(const Outcome& outcome, bool time_used_up, bool for_a_person) {
  note({{"type", "step_failed"}, {"step", here().name}, {"class", time_used_up ? "timeout" : to_string(outcome.is)}, {"others_running", !beginning_ && run().attempts.size() > 1}});
  end_attempt();
  run().failures.push_back({at_, outcome, time_used_up, for_a_person});
}

Result<void> Deciding::branch_failed(const Outcome& outcome, bool time_used_up, bool for_a_person) {
  put_aside(outcome, time_used_up, for_a_person);
  return branch_ended();
}

Result<void> Deciding::branch_ended() {
  if (beginning_ || !run().attempts.empty()) return {};
  if (!run().failures.empty()) return next_failure();
  if (run().phase == Phase::settling) return begin_undo(*run().ending);
  run().at = StepAt{.step = run().at.step};
  at_ = run().at;
  const auto& branches = *std::get<ParallelStep>(here().body).steps;
  if (run().finished.size() < branches.size()) {  // a failure kept them from beginning
    STELLWERK_CHECK(begin_branches());
    at_ = run().at;
    if (!run().attempts.empty() || !run().failures.empty()) return branch_ended();
  }
  note({{"type", "step_done"}, {"step", here().name}});
  run().results.as_object()[here().name] = JsonObject{};
  run().finished.clear();
  return go_on(at_.step + 1);
}

/// All branches have ended: the failures are dealt with in the order in which they came.
Result<void> Deciding::next_failure() {
  const auto failure = std::move(run().failures.front());
  run().failures.erase(run().failures.begin());
  at_ = failure.at;
  run().at = at_;
  note_error(failure.time_used_up ? "timeout" : to_string(failure.outcome.is), failure.outcome);
  if (!failure.for_a_person && run().phase == Phase::forward) return react(failure.outcome, failure.time_used_up);
  hold(failure.outcome);
  return {};
}

Result<Flow> Deciding::begin_each(const EachStep& each) {
  auto list = each.in.evaluate(frame());
  if (!list) return cannot_begin("expression", list.error());
  if (!list->is_null() && list->kind() != cel::Kind::list)
    return cannot_begin("no_list", Error{ErrorCode::invalid_argument, fmt::format("'{}' gives no list", each.in.source())});
  const auto size = list->is_null() ? 0 : list->as_list().size();
  if (size > max_elements)
    return cannot_begin("too_many_elements", Error{ErrorCode::resource_exhausted, fmt::format("'{}' gives {} elements; at most {} are allowed", each.in.source(), size, max_elements)});
  // The elements of the one before stay for its undo.
  for (const auto& begun : run().begun)
    if (begun.at.item >= 0 && begun.at.step != at_.step) run().former_items.try_emplace(begun.at.step, run().items);
  run().former_items.erase(at_.step);
  run().items.clear();
  if (size > 0) run().items = cel::to_json(*list).as_array();
  next_element();
  if (at_.item < 0) at_.step -= 1;  // there was none: the walk goes on with the step behind this one
  else --at_.inner;
  return Flow::on;
}

/// The first step of the element behind the one at `at_`; behind the last, the step that follows the `each`.
void Deciding::next_element() {
  const auto& each = step(StepAt{.step = at_.step});
  if (++at_.item < static_cast<int>(run().items.size())) {
    at_.inner = 0;
    forget_results(*inner_steps(each));
    show_steps();
    show_item();
    return;
  }
  run().results.as_object()[each.name] = JsonObject{{"count", run().items.size()}};
  note({{"type", "step_done"}, {"step", each.name}, {"result", {{"count", run().items.size()}}}});
  at_ = StepAt{.step = at_.step + 1};
  show_steps();
  show_item();
}

void Deciding::forget_results(const std::vector<Step>& steps) {
  for (const auto& each : steps) {
    run().results.as_object().erase(each.name);
    if (const auto* inner = inner_steps(each)) forget_results(*inner);
  }
}

void Deciding::show_item() {
  if (at_.item < 0) {
    put(slot::item, cel::Value{});
    put(slot::index, cel::Value{});
    return;
  }
  const auto former = run().former_items.find(at_.step);
  const auto& items = former == run().former_items.end() ? run().items : former->second;
  const auto& each = std::get<EachStep>(step(StepAt{.step = at_.step}).body);
  const auto& element = each.in.type().element;
  const auto& item = items[static_cast<std::size_t>(at_.item)];
  put(slot::item, element ? cel::from_json(item, *element) : cel::from_json(item));
  put(slot::index, cel::Value::of_int(at_.item));
}

void Deciding::show_element() {
  show_item();
  if (at_.item < 0) return;
  forget_results(*inner_steps(step(StepAt{.step = at_.step})));
  for (const auto& begun : run().begun)
    if (begun.done && begun.at.step == at_.step && begun.at.item == at_.item) run().results.as_object()[step(begun.at).name] = begun.result;
  show_steps();
}

}  // namespace stellwerk::workflows
