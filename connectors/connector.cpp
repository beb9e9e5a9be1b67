#include "connectors/connector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "connectors/definition.hpp"

namespace stellwerk::connectors {
namespace {

using workflows::OperationSignature;

/// An attempt of the default timeout may have left this long ago and still arrive.
constexpr Duration default_settle = std::chrono::seconds{60};

std::string full_name(const Connector::Definition& definition, const std::string& operation) {
  return operation.empty() ? std::string{} : fmt::format("{}.{}", definition.name, operation);
}

OperationSignature signature_of(const Connector::Definition& definition, const SimpleOperation& operation) {
  OperationSignature made;
  made.name = full_name(definition, operation.name);
  made.effect = operation.effect;
  made.input = operation.input;
  made.output = operation.output;
  made.undo = full_name(definition, operation.undo);
  made.settle = operation.settle.value_or(default_settle);
  made.repeatable = operation.repeatable;
  return made;
}

OperationSignature signature_of(const Connector::Definition& definition, const CompositeOperation& operation) {
  OperationSignature made;
  made.name = full_name(definition, operation.name);
  made.effect = operation.effect;
  made.input = operation.input;
  made.undo = full_name(definition, operation.undo);
  made.settle = Duration::zero();
  for (const auto& entry : operation.entries) {
    made.subs.push_back(entry.name);
    const auto& simple = definition.simple.at(entry.operation);
    made.settle = std::max(made.settle, simple.settle.value_or(default_settle));
    made.repeatable = made.repeatable && simple.repeatable;
  }
  return made;
}

}  // namespace

const SimpleOperation* Connector::Definition::find_simple(std::string_view operation) const {
  const auto found = simple.find(operation);
  return found == simple.end() ? nullptr : &found->second;
}

const CompositeOperation* Connector::Definition::find_composite(std::string_view operation) const {
  const auto found = composite.find(operation);
  return found == composite.end() ? nullptr : &found->second;
}

const SimpleOperation* Connector::Definition::resolve(std::string_view operation, int sub) const {
  if (sub < 0) return find_simple(operation);
  const auto* whole = find_composite(operation);
  if (whole == nullptr || static_cast<std::size_t>(sub) >= whole->entries.size()) return nullptr;
  return find_simple(whole->entries[static_cast<std::size_t>(sub)].operation);
}

Connector::Connector(std::shared_ptr<const Definition> definition) : definition_{std::move(definition)} {}
const std::string& Connector::name() const { return definition_->name; }
const std::string& Connector::driver() const { return definition_->driver; }
const std::vector<workflows::Field>& Connector::settings() const { return definition_->settings; }
const std::vector<Limit>& Connector::limits() const { return definition_->limits; }

std::vector<OperationSignature> Connector::signatures() const {
  std::vector<OperationSignature> made;
  for (const auto& name : definition_->order) {
    if (const auto* simple = definition_->find_simple(name)) made.push_back(signature_of(*definition_, *simple));
    if (const auto* composite = definition_->find_composite(name)) made.push_back(signature_of(*definition_, *composite));
  }
  return made;
}

Duration poll_delay(const Connector& connector, const Call& call, int n) {
  const auto* operation = connector.definition().resolve(call.operation, call.sub);
  if (operation == nullptr || !operation->poll) return std::chrono::seconds{1};
  const auto& poll = *operation->poll;
  const auto grown = static_cast<double>(poll.from.count()) * std::pow(poll.backoff, std::clamp(n, 1, 1'000) - 1);
  return grown >= static_cast<double>(poll.to.count()) ? poll.to : Duration{static_cast<Duration::rep>(grown)};
}

std::string limit_key(const Connector& connector, const Limit& limit, const Call& call, const std::string& server_id) {
  const auto& definition = connector.definition();
  const auto* operation = definition.resolve(call.operation, call.sub);
  if (operation == nullptr) return {};
  const auto& only = limit.operations;
  if (!only.empty() && std::find(only.begin(), only.end(), operation->name) == only.end()) return {};
  if (limit.shared == "server") return server_id;
  if (limit.shared == "installation") return "installation";
  const auto same = [&](const Limit& other) { return other.shared == limit.shared && other.operations == limit.operations && other.in_flight == limit.in_flight; };
  const auto found = std::find_if(definition.limits.begin(), definition.limits.end(), same);
  const auto text = definition.limit_texts.find({static_cast<std::size_t>(found - definition.limits.begin()), operation->name});
  if (text == definition.limit_texts.end()) return server_id;
  const auto input = simple_input(definition, call);
  if (!input) return server_id;  // the attempt itself will say what is wrong with its input
  const auto value = text->second.evaluate(make_frame(definition, call, operation->input, *input, 0));
  // what a server calls "local" is another thing on the next server
  return value ? fmt::format("{}/{}", server_id, cel::to_text(*value)) : server_id;
}

}  // namespace stellwerk::connectors
