// Calls of operations and actions: their inputs, retries, what takes them back, what an error leads to.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

template <class Signature>
std::vector<std::string> names_of(const std::map<std::string, Signature, std::less<>>& signatures) {
  std::vector<std::string> names;
  for (const auto& [name, signature] : signatures) names.push_back(name);
  return names;
}

/// The signature of that name, or of the one that was meant; told unless it exists.
template <class Signature>
const Signature* find_signature(Context& context, const std::map<std::string, Signature, std::less<>>& signatures, const Yaml* yaml, std::string_view key) {
  const auto word = read_word(context.report, yaml, key);
  if (!word) return nullptr;
  if (const auto found = signatures.find(*word); found != signatures.end()) return &found->second;
  const auto names = names_of(signatures);
  const auto meant = config::closest(*word, names);
  std::vector<std::string> of_it;  // a connector's name alone
  std::ranges::copy_if(names, std::back_inserter(of_it), [&](const std::string& name) { return name.starts_with(*word + "."); });
  context.report.add(code::unknown_operation, yaml->place, fmt::format("there is no {} '{}'", key == "call" ? "operation" : "action", *word),
                     !meant.empty() ? suggest(*word, names) : !of_it.empty() ? suggest("", of_it) : "see the connector's file, or which connectors are loaded");
  const auto found = signatures.find(meant);
  return found == signatures.end() ? nullptr : &found->second;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

struct Inputs {
  cel::Template with;
  std::vector<std::string> given;
};

/// Own inputs over the defaults that `fields` has; each checked against its declaration. `fields` nullptr: unknown, nothing to check.
Inputs read_inputs(Context& context, const Yaml* own, const Yaml* defaults, const std::vector<Field>* fields, std::string_view callee, Place place, const Scope& scope) {
  Inputs inputs;
  auto merged = empty_map(place);
  if (own && !own->is_map()) {
    wrong_value(context.report, *own, "with", "a map of inputs");
    own = nullptr;
    fields = nullptr;
  }
  std::vector<std::string> known;
  for (const auto& field : fields ? *fields : std::vector<Field>{}) known.push_back(field.name);
  for (const auto& entry : own ? own->entries : std::vector<YamlEntry>{}) {
    if (!fields) {
      (void)read_template(context, entry.value, scope, true);
      continue;
    }
    auto meant = entry;
    if (!contains(known, entry.key)) {
      context.report.add(code::unknown_input, entry.key_place, fmt::format("{} has no input '{}'", callee, entry.key), suggest(entry.key, known));
      meant.key = config::closest(entry.key, known);
    }
    if (const auto* field = find_field(*fields, meant.key); field && !contains(inputs.given, meant.key)) {
      (void)read_value(context, entry.value, scope, *field, fmt::format("'{}'", field->name));
      inputs.given.push_back(meant.key);
      merged.entries.push_back(std::move(meant));
    } else if (!field) {
      (void)read_template(context, entry.value, scope, true);
    }
  }
  for (const auto& entry : defaults ? defaults->entries : std::vector<YamlEntry>{}) {
    const auto* field = fields ? find_field(*fields, entry.key) : nullptr;
    if (field) context.defaults.taken.insert(entry.key);
    if (!field || contains(inputs.given, entry.key)) continue;
    (void)read_value(context, entry.value, scope, *field, fmt::format("'{}'", field->name));
    inputs.given.push_back(entry.key);
    merged.entries.push_back(entry);
  }
  for (const auto& field : fields ? *fields : std::vector<Field>{}) {
    if (field.required && !field.fallback && !contains(inputs.given, field.name)) {
      context.report.add(code::missing_input, place, fmt::format("{} needs the input '{}'", callee, field.name), fmt::format("add {}: … to 'with'", field.name));
    }
  }
  inputs.with = compile_quietly(merged, scope);
  return inputs;
}

/// The step's own `undo`, or the operation's.
void read_undo(Context& context, const Yaml& step, CallStep& call, const Inputs& inputs, Place place, const Scope& scope) {
  if (const auto* yaml = find_key(step, step_keys(), "undo")) {
    static const KeySet keys{"'undo'", {"call", "with"}};
    if (!check_keys(context.report, *yaml, keys)) return;
    const auto* name = find_key(*yaml, keys, "call");
    if (!name) {
      context.report.add(code::missing_key, yaml->place, "'undo' names no call", "write undo: { call: <operation>, with: {…} }");
      return;
    }
    const auto* operation = find_signature(context, context.catalog.operations, name, "call");
    if (operation) call.undo_operation = *operation;
    call.undo_with = read_inputs(context, find_key(*yaml, keys, "with"), context.defaults.with, operation ? &operation->input : nullptr,
                                 operation ? operation->name : "the undo", yaml->place, scope).with;
    return;
  }
  const auto& operation = call.operation;
  if (const auto found = context.catalog.operations.find(operation.undo); found != context.catalog.operations.end()) {
    call.undo_operation = found->second;
    for (const auto& field : found->second.input) {
      if (field.required && !field.fallback && !contains(inputs.given, field.name)) {
        context.report.add(code::missing_input, place, fmt::format("taking {} back needs the input '{}', which this call is not given", operation.name, field.name),
                           fmt::format("add {}: … to 'with', or an 'undo' of its own", field.name));
      }
    }
    return;
  }
  if (operation.effect == Effect::creates || operation.effect == Effect::charges) {
    context.report.add(code::no_undo, place, fmt::format("{} {} something, and nothing takes it back", operation.name, operation.effect == Effect::creates ? "creates" : "charges"),
                       "add undo: { call: <operation>, with: {…} }");
  }
}

/// A base may leave it to the workflows that extend it; what could not be read of `defaults` may be it.
void tell_missing_server(Context& context, std::string_view step, Place place) {
  if (context.definition.abstract || context.defaults.lost) return;
  const auto& attributes = context.definition.attributes;
  const auto is_server = [](const Attribute& attribute) { return attribute.field.type.base == TypeSpec::Base::ref && attribute.field.type.kind == "server"; };
  const auto found = std::ranges::find_if(attributes, is_server);
  const auto hint = found != attributes.end() ? fmt::format("add on_server: self.{0}, or once for all calls: defaults: {{ call: {{ on_server: self.{0} }} }}", found->field.name)
                                              : std::string{"declare an attribute server: { type: ref, kind: server }, and add on_server: self.server, or once for all calls: defaults: { call: { on_server: self.server } }"};
  context.report.add(code::missing_server, place, fmt::format("the call '{}' is asked of no server", step), hint);
}

const std::vector<std::string> failures{"rejected_customer", "rejected_operator", "conflict", "gone", "unclear", "timeout"};
const std::vector<std::string> no_failures{"done", "already", "not_done", "pending", "retry", "retry_after"};
const std::vector<std::string> reactions{"fail", "incident", "continue"};

/// The classes that a word may have been meant for: misspelt, or only its beginning (`rejected`).
std::vector<std::string> near_failures(std::string_view word) {
  if (const auto meant = config::closest(word, failures); !meant.empty()) return {meant};
  std::vector<std::string> near;
  for (const auto& failure : failures) {
    if (failure.starts_with(std::string{word} + "_")) near.push_back(failure);
  }
  return near;
}

std::optional<Reaction::What> read_reaction_word(Context& context, const Yaml& yaml) {
  using enum Reaction::What;
  if (yaml.text == "fail") return fail;
  if (yaml.text == "incident") return incident;
  if (yaml.text == "continue") return go_on;
  if (contains(failures, yaml.text) || (config::closest(yaml.text, reactions).empty() && !near_failures(yaml.text).empty())) {
    const auto near = contains(failures, yaml.text) ? std::vector{yaml.text} : near_failures(yaml.text);
    context.report.add(code::unknown_class, yaml.place, fmt::format("'{}' is {}, not what follows from one", yaml.text, contains(failures, yaml.text) ? "an outcome class" : "nearly an outcome class"),
                       fmt::format("write on_error: {{ {}: {} }}", near.front(), join(reactions)));
    return std::nullopt;
  }
  context.report.add(code::wrong_value, yaml.place, fmt::format("'on_error' takes {}, not '{}'", join(reactions), yaml.text), suggest(yaml.text, reactions));
  return std::nullopt;
}

std::optional<Reaction> read_reaction(Context& context, const Yaml& yaml, const Step& step, const std::vector<Step>* earlier) {
  if (yaml.is_text()) {
    const auto what = read_reaction_word(context, yaml);
    return what ? std::optional{Reaction{*what}} : std::nullopt;
  }
  static const KeySet keys{"a reaction", {"redo", "times"}};
  if (!check_keys(context.report, yaml, keys)) return std::nullopt;
  Reaction reaction{Reaction::What::redo};
  reaction.times = static_cast<int>(read_whole(context.report, find_key(yaml, keys, "times"), "times", 1, 100).value_or(1));
  const auto* redo = find_key(yaml, keys, "redo");
  if (!redo) {
    context.report.add(code::missing_key, yaml.place, "a reaction lacks 'redo'", "write { redo: <earlier step>, times: 5 }, or one of fail, incident, continue");
    return std::nullopt;
  }
  const auto name = read_word(context.report, redo, "redo");
  if (!name) return std::nullopt;
  if (!earlier) {
    context.report.add(code::bad_redo, redo->place, "there is no way back out of a step within another", "one of fail, incident, continue");
    return std::nullopt;
  }
  if (*name == step.name) {
    context.report.add(code::bad_redo, redo->place, "'redo' goes back to an earlier step, not to the step itself", "repeating a call is what 'retry' does");
    return std::nullopt;
  }
  std::vector<std::string> names;
  for (const auto& other : *earlier) names.push_back(other.name);
  if (!contains(names, *name)) {
    context.report.add(code::bad_redo, redo->place, fmt::format("there is no step '{}' before this one", *name), suggest(*name, names));
    return std::nullopt;
  }
  reaction.redo = static_cast<int>(std::ranges::find(names, *name) - names.begin());
  if (!is_plain((*earlier)[static_cast<std::size_t>(reaction.redo)])) {
    context.report.add(code::bad_redo, redo->place, fmt::format("the step '{}' is no call, action or effect, so it cannot be done anew", *name));
    return std::nullopt;
  }
  return reaction;
}

}  // namespace

void check_time_limits(Context& context, const Yaml* written, Duration attempt_timeout, Duration timeout) {
  if (!written || attempt_timeout <= timeout) return;
  context.report.add(code::out_of_bounds, written->place,
                     fmt::format("'attempt_timeout' is {}, which is longer than the whole step may take ({})", format_duration(attempt_timeout), format_duration(timeout)), "shorten it, or lengthen 'timeout'");
}

Retry read_retry(Context& context, const Yaml* yaml, Retry retry) {
  static const KeySet keys{"'retry'", {"for", "attempts", "delay", "backoff", "max_delay"}};
  if (!yaml || !check_keys(context.report, *yaml, keys)) return retry;
  const auto duration = [&](const char* key, Duration min) { return read_duration(context.report, find_key(*yaml, keys, key), key, min); };
  if (const auto* attempts = find_entry(*yaml, keys, "attempts"); attempts && find_key(*yaml, keys, "for")) {
    context.report.add(code::wrong_value, attempts->key_place, "'retry' has both 'for' and 'attempts', so which of them ends it is unclear", "give it one of them");
  }
  if (const auto attempts = read_whole(context.report, find_key(*yaml, keys, "attempts"), "attempts", 1, 1'000)) {
    retry.attempts = static_cast<int>(*attempts);
    retry.for_ = std::chrono::hours{24 * 36'525};  // the step's `timeout` still ends it
  }
  retry.for_ = duration("for", Duration::zero()).value_or(retry.for_);
  retry.delay = duration("delay", Duration::zero()).value_or(retry.delay);
  retry.max_delay = duration("max_delay", std::chrono::milliseconds{1}).value_or(std::max(retry.max_delay, retry.delay));
  if (retry.max_delay < retry.delay) context.report.add(code::out_of_bounds, yaml->place, "'max_delay' is less than 'delay'");
  if (const auto* backoff = find_key(*yaml, keys, "backoff")) {
    const bool is_number = backoff->kind == Yaml::Kind::integer || backoff->kind == Yaml::Kind::real;
    const double value = backoff->kind == Yaml::Kind::integer ? static_cast<double>(backoff->integer) : backoff->real;
    if (!is_number) wrong_value(context.report, *backoff, "backoff", "a number");
    else if (!(value >= 1 && value <= 100)) context.report.add(code::out_of_bounds, backoff->place, fmt::format("'backoff' is {}, but must be from 1 to 100", backoff->text));
    else retry.backoff = value;
  }
  return retry;
}

CallStep read_call(Context& context, std::string_view name, const Yaml& step, Place place, const Scope& scope) {
  const auto& keys = step_keys();
  const auto& defaults = context.defaults;
  CallStep call{.retry = read_retry(context, find_key(step, keys, "retry"), defaults.retry)};
  const auto* signature = find_signature(context, context.catalog.operations, find_key(step, keys, "call"), "call");
  if (signature) {
    call.operation = *signature;
    context.defaults.has_calls = true;
  }
  const auto* on_server = find_key(step, keys, "on_server");
  if (!on_server && !defaults.on_server) tell_missing_server(context, name, place);
  call.on_server = read_expression(context, on_server ? on_server : defaults.on_server, "on_server", scope, cel::Type::of(cel::Type::Base::string, true));
  const auto inputs = read_inputs(context, find_key(step, keys, "with"), defaults.with, signature ? &signature->input : nullptr,
                                  signature ? signature->name : "the call", place, scope);
  call.with = inputs.with;
  const auto duration = [&](const char* key, Duration min, Duration fallback) { return read_duration(context.report, find_key(step, keys, key), key, min).value_or(fallback); };
  call.attempt_timeout = duration("attempt_timeout", std::chrono::milliseconds{1}, defaults.attempt_timeout);
  call.timeout = duration("timeout", std::chrono::milliseconds{1}, defaults.timeout);
  call.patience = duration("patience", Duration::zero(), defaults.patience);
  check_time_limits(context, find_key(step, keys, "attempt_timeout"), call.attempt_timeout, call.timeout);
  if (signature) read_undo(context, step, call, inputs, place, scope);
  return call;
}

ActionStep read_action(Context& context, const Yaml& step, Place place, const Scope& scope) {
  const auto& keys = step_keys();
  ActionStep action{.retry = read_retry(context, find_key(step, keys, "retry"), {})};
  const auto* signature = find_signature(context, context.catalog.actions, find_key(step, keys, "action"), "action");
  if (signature) {
    action.action = *signature;
    if (const auto undo = context.catalog.actions.find(signature->undo); undo != context.catalog.actions.end()) action.undo_action = undo->second;
  }
  action.with = read_inputs(context, find_key(step, keys, "with"), nullptr, signature ? &signature->input : nullptr, signature ? signature->name : "the action", place, scope).with;
  return action;
}

ActionEffect read_action_effect(Context& context, const Yaml& map, const KeySet& keys, Place place, const Scope& scope) {
  ActionEffect effect;
  const auto* signature = find_signature(context, context.catalog.actions, find_key(map, keys, "action"), "action");
  if (signature) effect.action = *signature;
  effect.with = read_inputs(context, find_key(map, keys, "with"), nullptr, signature ? &signature->input : nullptr, signature ? signature->name : "the action", place, scope).with;
  return effect;
}

void read_on_error(Context& context, const Yaml& yaml, Step& step, const std::vector<Step>* earlier) {
  if (yaml.is_text()) {
    step.on_error = read_reaction(context, yaml, step, earlier);
    return;
  }
  if (!yaml.is_map()) return wrong_value(context.report, yaml, "on_error", "a word, or a map by outcome class or code");
  const bool is_answer = std::holds_alternative<ApproveStep>(step.body);  // a person's no has the code `rejected`
  for (const auto& [by, place, value] : yaml.entries) {
    if (contains(no_failures, by)) {
      context.report.add(code::unknown_class, place, fmt::format("'{}' is no failure, so nothing reacts to it", by), fmt::format("failures are {}", join(failures, "and")));
    } else if (const auto near = near_failures(by); !contains(failures, by) && !near.empty() && !(is_answer && by == "rejected")) {
      context.report.add(code::unknown_class, place, fmt::format("there is no outcome class '{}'", by), near.size() == 1 ? suggest(by, failures) : fmt::format("did you mean {}?", join(near)));
    } else if (!contains(failures, by)) {
      check_name(context.report, by, place, "an outcome code", {});
    }
    if (!value.is_text() && !value.is_map()) wrong_value(context.report, value, by, "fail, incident, continue or { redo: <step> }");
    else if (const auto reaction = read_reaction(context, value, step, earlier)) step.on_error_by.emplace(by, *reaction);
  }
}

}  // namespace stellwerk::workflows::loading
