// One attempt: lookups, proof of ownership, at most one changing request, and what its answer means.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "connectors/execution_parts.hpp"

namespace stellwerk::connectors {
namespace {

using enum OutcomeClass;
using Next = Execution::Next;

bool is_good(OutcomeClass is) { return is == done || is == already; }

Outcome make_outcome(OutcomeClass is, std::string code, std::string text) { return Outcome{.is = is, .code = std::move(code), .text = std::move(text)}; }

}  // namespace

struct Execution::Impl {
  enum class Stage {
    before,   ///< lookups before the request
    request,  ///< the operation's own request
    observe,  ///< looking after an unclear answer
    confirm,  ///< looking before an answer such as "already exists" is believed
    poll,
  };

  std::shared_ptr<const Connector> connector;
  Call call;
  const SimpleOperation* operation = nullptr;
  SecretMap secrets;
  std::vector<cel::Value> frame;
  Stage stage = Stage::before;
  std::vector<std::size_t> queue;  ///< lookups still to run, the next one last
  std::optional<Outcome> stated;   ///< of Stage::confirm: what counts when the probe finds nothing

  const Connector::Definition& definition() const { return connector->definition(); }

  Next begin() {
    const auto input = simple_input(definition(), call);
    if (!input) {
      const auto* whole = definition().find_composite(call.operation);
      const auto* simple = definition().find_simple(call.operation);
      secrets = whole != nullptr ? all_secrets(call, whole->input, call.input) : simple != nullptr ? all_secrets(call, simple->input, call.input) : call.secrets;
      std::string text = describe(input.error());
      for (const auto& field : input.error().fields) text += fmt::format("; {}: {}", field.pointer, field.message);
      return finish(make_outcome(rejected_operator, input.error().code == ErrorCode::not_found ? "unknown_operation" : "input", std::move(text)), false);
    }
    operation = definition().resolve(call.operation, call.sub);
    secrets = all_secrets(call, operation->input, *input);
    frame = make_frame(definition(), call, operation->input, *input, operation->lookups.size());
    switch (call.mode) {
      case Call::Mode::poll: return begin_poll();
      case Call::Mode::observe: return begin_observe();
      case Call::Mode::execute: break;
    }
    return look(Stage::before, operation->execute_lookups, operation->probe && operation->probe->before ? &operation->probe->lookups : nullptr);
  }

  Next begin_poll() {
    if (!operation->poll) return finish(make_outcome(unclear, "no_poll", fmt::format("operation '{}' has no poll for the task '{}'", operation->name, call.handle)), true);
    stage = Stage::poll;
    return send(operation->poll->request, false);
  }

  Next begin_observe() {
    if (operation->probe || !operation->before.empty() || operation->owns) {
      return look(Stage::observe, operation->execute_lookups, operation->probe ? &operation->probe->lookups : nullptr);
    }
    if (operation->repeatable) return finish(make_outcome(not_done, "repeatable", "nothing to look at; repeating it is harmless"), true);
    return finish(make_outcome(unclear, "unobservable", fmt::format("whether '{}' took effect cannot be seen, and it must not be repeated: look at the vendor's side", operation->name)), true);
  }

  Next look(Stage at, const std::vector<std::size_t>& first, const std::vector<std::size_t>* second) {
    stage = at;
    std::set<std::size_t, std::greater<>> wanted(first.begin(), first.end());
    if (second != nullptr) wanted.insert(second->begin(), second->end());
    queue.assign(wanted.begin(), wanted.end());
    return advance();
  }

  /// Runs lookups until one needs an answer from outside.
  Next advance() {
    while (!queue.empty()) {
      const auto& lookup = operation->lookups[queue.back()];
      auto& value = frame[static_cast<std::size_t>(lookup.slot)];
      value = {};
      const bool lacking = std::any_of(lookup.needs.begin(), lookup.needs.end(), [&](int slot) { return frame[static_cast<std::size_t>(slot)].is_null(); });
      if (lacking) {
        queue.pop_back();
        continue;
      }
      if (lookup.request) return send(*lookup.request, false);
      auto computed = read_value(lookup);
      if (!computed) return looking_failed(rejected_operator, "unreadable", describe(computed.error()));
      value = *std::move(computed);
      queue.pop_back();
    }
    switch (stage) {
      case Stage::observe: return decide_observed();
      case Stage::confirm: return decide_confirmed();
      case Stage::before:
      case Stage::request:
      case Stage::poll: break;
    }
    return decide_before();
  }

  Next send(const RequestSpec& spec, bool own) {
    auto request = build_request(definition(), spec, call, frame);
    if (!request) {
      if (own || stage == Stage::before) return finish(make_outcome(rejected_operator, "request", describe(request.error())), false);
      return looking_failed(rejected_operator, "request", describe(request.error()));
    }
    if (own) request->key = call.key;
    return Send{*std::move(request), own && operation->changes()};
  }

  Result<cel::Value> read_value(const Lookup& lookup) {
    auto value = lookup.value.evaluate(frame, answer_budget);
    if (!value) return wrap(std::move(value).error(), fmt::format("read lookup '{}'", lookup.name));
    if (!lookup.first) return value;
    if (value->kind() != cel::Kind::list) return fail(ErrorCode::invalid_argument, fmt::format("lookup '{}' takes the first of what is no list", lookup.name));
    return value->as_list().empty() ? cel::Value{} : value->as_list().front();
  }

  Next answered(const DriverResponse& response) {
    switch (stage) {
      case Stage::request: return own_answer(response);
      case Stage::poll: return poll_answer(response);
      case Stage::before:
      case Stage::observe:
      case Stage::confirm: break;
    }
    return lookup_answer(response);
  }

  Next lookup_answer(const DriverResponse& response) {
    const auto& lookup = operation->lookups[queue.back()];
    if (response.failure != DriverResponse::Failure::none) return looking_failed(retry, response.failure_code, fmt::format("lookup '{}': {}", lookup.name, response.failure_text));
    const auto answer = read_answer(response, lookup.request->parse);
    frame[slot::response] = answer.value;
    const auto forget = [this] { frame[slot::response] = {}; };
    if (lookup.absent) {
      const auto absent = lookup.absent.evaluate(frame, answer_budget);
      if (!absent) return forget(), looking_failed(retry, "unreadable", describe(absent.error()));
      if (absent->kind() == cel::Kind::boolean && absent->as_bool()) {
        forget();
        queue.pop_back();
        return advance();
      }
    }
    if (!answer.ok() || answer.parse_error) return lookup_refused(lookup, answer);
    auto value = read_value(lookup);
    forget();
    if (!value) return looking_failed(retry, "unreadable", describe(value.error()));
    frame[static_cast<std::size_t>(lookup.slot)] = *std::move(value);
    queue.pop_back();
    return advance();
  }

  Next lookup_refused(const Lookup& lookup, const Answer& answer) {
    auto rule = first_match(lookup.outcomes, frame);
    if (rule && *rule == nullptr) rule = first_match(operation->common, frame);
    auto outcome = rule && *rule != nullptr ? state_outcome(**rule, frame, &answer) : Result<Outcome>{make_outcome(retry, fmt::format("http_{}", answer.status), words_of(answer))};
    frame[slot::response] = {};
    if (!rule || !outcome) return looking_failed(retry, "unreadable", describe(rule ? outcome.error() : rule.error()));
    const auto is = outcome->is;
    // a read has no effect: what would be open or finished after a change is only a failed look
    if (is != retry_after && is != rejected_operator && is != rejected_customer && is != gone) outcome->is = retry;
    outcome->text = fmt::format("lookup '{}': {}", lookup.name, outcome->text);
    return looking_failed(*std::move(outcome));
  }

  Next looking_failed(OutcomeClass is, std::string code, std::string text) { return looking_failed(make_outcome(is, std::move(code), std::move(text))); }
  /// Before the request nothing was sent. After it the question stays open, so it is asked again.
  Next looking_failed(Outcome outcome) {
    if (stage == Stage::confirm) outcome.is = unclear;
    if (stage == Stage::observe && outcome.is == gone) outcome.is = retry;
    return finish(std::move(outcome), stage != Stage::before);
  }

  /// Nothing is done to what is not proven ours. Null: go on.
  std::optional<Next> check_ownership() {
    if (!operation->owns) return std::nullopt;
    const auto& [slot, proof] = *operation->owns;
    if (frame[static_cast<std::size_t>(slot)].is_null()) return std::nullopt;
    const auto owned = proof.test(frame);
    const bool sent = stage != Stage::before;
    if (!owned) return finish(make_outcome(rejected_operator, "not_owned", fmt::format("ownership cannot be proven: {}", describe(owned.error()))), sent);
    if (*owned) return std::nullopt;
    return finish(make_outcome(rejected_operator, "not_owned", fmt::format("what '{}' would work on does not carry the mark of {}: nothing was done to it", operation->name, call.actor_id)), sent);
  }

  /// The first rule that holds, unless it says not_done. Null: go on.
  std::optional<Next> decide(const Rules& rules, bool not_done_counts) {
    const bool sent = stage != Stage::before;
    const auto rule = first_match(rules, frame);
    if (!rule) return looking_failed(sent ? retry : rejected_operator, "unreadable", describe(rule.error()));
    if (*rule == nullptr || ((*rule)->is == not_done && !not_done_counts)) return std::nullopt;
    auto outcome = state_outcome(**rule, frame, nullptr);
    if (!outcome) return looking_failed(sent ? retry : rejected_operator, "unreadable", describe(outcome.error()));
    return finish(*std::move(outcome), sent);
  }

  std::optional<Next> decide_missing() {
    if (!operation->owns || !frame[static_cast<std::size_t>(operation->owns->first)].is_null()) return std::nullopt;
    return finish(make_outcome(gone, "missing", fmt::format("what '{}' should work on does not exist", operation->name)), stage != Stage::before);
  }

  Next decide_before() {
    if (auto next = check_ownership()) return *std::move(next);
    if (operation->probe && operation->probe->before) {
      if (auto next = decide(operation->probe->outcomes, false)) return *std::move(next);
    }
    if (auto next = decide(operation->before, false)) return *std::move(next);
    if (auto next = decide_missing()) return *std::move(next);
    stage = Stage::request;
    return send(operation->request, true);
  }

  Next decide_observed() {
    if (auto next = check_ownership()) return *std::move(next);
    if (operation->probe) {
      if (auto next = decide(operation->probe->outcomes, true)) return *std::move(next);
    }
    if (auto next = decide(operation->before, true)) return *std::move(next);
    if (auto next = decide_missing()) return *std::move(next);
    return finish(make_outcome(not_done, "not_done", {}), true);
  }

  Next decide_confirmed() {
    if (auto next = decide(operation->probe->outcomes, false)) return *std::move(next);
    return finish(*std::move(stated), true);
  }

  Next own_answer(const DriverResponse& response) {
    using Failure = DriverResponse::Failure;
    if (response.failure == Failure::not_sent) return finish(make_outcome(retry, response.failure_code, response.failure_text), false);
    const auto open = operation->changes() ? unclear : retry;
    if (response.failure == Failure::uncertain) return finish(make_outcome(open, response.failure_code, response.failure_text), true);
    const auto answer = read_answer(response, operation->request.parse);
    frame[slot::response] = answer.value;
    if (answer.ok() && answer.parse_error) return finish(make_outcome(open, "unreadable", fmt::format("the answer is not JSON: {}", words_of(answer))), true);
    auto rule = first_match(operation->outcomes, frame);
    if (rule && *rule == nullptr) rule = first_match(operation->common, frame);
    if (!rule) return finish(make_outcome(open, "unreadable", describe(rule.error())), true);
    if (*rule == nullptr) return finish(make_outcome(open, fmt::format("http_{}", answer.status), words_of(answer)), true);
    auto outcome = state_outcome(**rule, frame, &answer);
    if (!outcome) return finish(make_outcome(open, "unreadable", describe(outcome.error())), true);
    if (outcome->is == unclear) outcome->is = open;
    if ((*rule)->look && operation->probe) {
      stated = *std::move(outcome);
      frame[slot::response] = {};
      return look(Stage::confirm, operation->probe->lookups, nullptr);
    }
    return finish(*std::move(outcome), true);
  }

  /// Only the poll's own list speaks about the task. Any other answer says that asking failed: the task goes on, ask again.
  Next poll_answer(const DriverResponse& response) {
    const auto ask_again = [this](std::string code, std::string text, std::string hold = {}) {
      auto outcome = make_outcome(pending, std::move(code), std::move(text));
      outcome.hold = std::move(hold);
      return finish(std::move(outcome), true);
    };
    if (response.failure != DriverResponse::Failure::none) return ask_again(response.failure_code, response.failure_text);
    const auto answer = read_answer(response, operation->poll->request.parse);
    frame[slot::response] = answer.value;
    if (answer.ok() && answer.parse_error) return ask_again("unreadable", fmt::format("the answer is not JSON: {}", words_of(answer)));
    auto rule = first_match(operation->poll->outcomes, frame);
    if (!rule) return ask_again("unreadable", describe(rule.error()));
    if (*rule != nullptr) {
      auto outcome = state_outcome(**rule, frame, &answer);
      if (!outcome) return ask_again("unreadable", describe(outcome.error()));
      return finish(*std::move(outcome), true);
    }
    rule = first_match(operation->common, frame);
    if (!rule || *rule == nullptr) return ask_again(fmt::format("http_{}", answer.status), words_of(answer));
    auto outcome = state_outcome(**rule, frame, &answer);
    if (!outcome) return ask_again("unreadable", describe(outcome.error()));
    if (outcome->is == gone) return finish(make_outcome(unclear, "unknown_handle", outcome->text), true);
    return ask_again(outcome->code, outcome->text, outcome->hold);
  }

  Next finish(Outcome outcome, bool sent) {
    outcome.sent = sent;
    if (outcome.is == pending && outcome.handle.empty()) outcome.handle = call.handle;
    if (operation != nullptr && is_good(outcome.is)) {
      if (auto output = read_output()) {
        outcome.output = *std::move(output);
      } else {
        // the effect is there, but what the workflow needs of it is not
        const bool open = sent && operation->changes();
        outcome = make_outcome(open ? unclear : rejected_operator, "unreadable", describe(output.error()));
        outcome.sent = sent;
      }
    }
    outcome.text = clean_text(std::move(outcome.text), secrets);
    return outcome;
  }

  Result<Json> read_output() const {
    JsonObject output;
    for (std::size_t i = 0; i < operation->output.size(); ++i) {
      const auto& field = operation->output[i];
      auto value = operation->output_values[i].evaluate(frame, answer_budget);
      if (!value) return wrap(std::move(value).error(), fmt::format("read output '{}'", field.name));
      auto json = workflows::encode(field.type, *value);
      const bool secret = field.type.base == workflows::TypeSpec::Base::secret;
      output[field.name] = secret ? std::move(json) : clean_output(std::move(json), secrets);
    }
    return Json(std::move(output));
  }
};

Execution::Execution(std::shared_ptr<const Connector> connector, Call call) : impl_{std::make_unique<Impl>()} {
  impl_->connector = std::move(connector);
  impl_->call = std::move(call);
}
Execution::~Execution() = default;
Execution::Execution(Execution&&) noexcept = default;
Execution& Execution::operator=(Execution&&) noexcept = default;

Execution::Next Execution::start() { return impl_->begin(); }
Execution::Next Execution::on_response(const DriverResponse& response) { return impl_->answered(response); }

}  // namespace stellwerk::connectors
