// Products: what is written into one is compared with the workflow of its services, and with that of orders, while there is still
// somebody to tell.

#include <fmt/format.h>

#include <algorithm>

#include "actors/definitions.hpp"
#include "actors/views.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {
namespace {

using workflows::Attribute;
using workflows::Definition;

const Attribute* find_attribute(const Definition& definition, std::string_view name) {
  const int index = definition.find_attribute(name);
  return index < 0 ? nullptr : &definition.attributes[static_cast<std::size_t>(index)];
}

std::string unknown_attribute(const Definition& definition, std::string_view name) {
  std::vector<std::string> known;
  for (const auto& attribute : definition.attributes) known.push_back(attribute.field.name);
  const auto meant = config::closest(name, known);
  return fmt::format("workflow {} has no such attribute{}", definition.name, meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant));
}

/// Its expressions read rows of products: what else stands there may be meant for them.
bool reads_products(const Definition& definition) {
  return std::any_of(definition.references.begin(), definition.references.end(),
                     [](const workflows::Reference& reference) { return reference.used && (reference.kind == "product" || reference.kind == "plan"); });
}

/// How the workflow of orders brings a service to life; nullptr: it does so by other means than `create` on entry of its first state.
const workflows::CreateEffect* creates_service(const Definition& order) {
  for (const auto& effect : order.states[static_cast<std::size_t>(order.initial)].entry)
    if (const auto* create = std::get_if<workflows::CreateEffect>(&effect); create != nullptr && create->kind == "service") return create;
  return nullptr;
}

void check_given(const Definition& service, const JsonObject& given, std::vector<FieldProblem>& problems) {
  const bool for_others = reads_products(service);
  for (const auto& member : given) {
    const auto pointer = json_pointer("/attributes", std::string_view{member.key()});
    const auto* attribute = find_attribute(service, std::string_view{member.key()});
    if (attribute != nullptr && workflows::is_secret(attribute->field.type)) problems.push_back({pointer, "is a secret, which the services of a product cannot share; it is given with each service"});
    else if (attribute != nullptr && !attribute->is_computed()) workflows::check_value(attribute->field.type, member.value(), pointer, problems);
    else if (for_others) continue;
    else if (attribute != nullptr) problems.push_back({pointer, fmt::format("workflow {} computes it; it cannot be given", service.name)});
    else problems.push_back({pointer, unknown_attribute(service, std::string_view{member.key()})});
  }
}

/// Whether somebody can order it: the order takes what the product gives, the service takes what the order passes on, and nothing that
/// the service needs is missing.
void check_orderable(const Definition& service, const Definition& order, const JsonObject& given, std::vector<FieldProblem>& problems) {
  const auto known = problems.size();
  const auto is_told = [&](const std::string& pointer) {
    return std::any_of(problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(known), [&](const FieldProblem& p) { return p.pointer == pointer; });
  };
  for (const auto& member : given) {
    const auto pointer = json_pointer("/attributes", std::string_view{member.key()});
    if (is_told(pointer)) continue;
    const auto* attribute = find_attribute(order, std::string_view{member.key()});
    if (attribute != nullptr && !attribute->is_computed()) workflows::check_value(attribute->field.type, member.value(), pointer, problems);
    else problems.push_back({pointer, fmt::format("an order cannot pass it on: workflow {} has no attribute of this name", order.name)});
  }
  const auto* create = creates_service(order);
  if (create == nullptr || !create->with.type().fields) return;
  const auto& passed = *create->with.type().fields;
  std::vector<std::string> not_taken;
  for (const auto& [name, type] : passed)
    if (const auto* attribute = find_attribute(service, name); attribute == nullptr || attribute->is_computed()) not_taken.push_back(name);
  if (!not_taken.empty())
    problems.push_back({"/workflow", fmt::format("nobody could order it: workflow {} gives the service attributes that workflow {} does not take: {}", order.name, service.name, fmt::join(not_taken, ", "))});
  for (const auto& attribute : service.attributes) {
    const auto& field = attribute.field;
    if (field.required && !field.fallback && !attribute.is_computed() && !passed.contains(field.name))
      problems.push_back({json_pointer("/attributes", field.name), fmt::format("workflow {} requires it, and an order (workflow {}) does not pass it on", service.name, order.name)});
  }
}

}  // namespace

Result<void> Views::put_product(const ProductRow& product) {
  const auto definition = definitions_->find(product.workflow, definitions_->latest(product.workflow));
  if (!definition || definition->kind != "service") {
    std::vector<std::string> names;
    for (const auto& [name, revision] : definitions_->list())
      if (definitions_->find(name, revision)->kind == "service") names.push_back(name);
    const auto meant = config::closest(product.workflow, names);
    Error error{ErrorCode::invalid_argument, fmt::format("there is no workflow '{}' for services", product.workflow), "unknown_workflow"};
    error.fields = {{"/workflow", fmt::format("the name of a published workflow of kind service is expected{}", meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant))}};
    return fail(std::move(error));
  }
  Error error{ErrorCode::invalid_argument, fmt::format("the product does not fit workflow {}", product.workflow), "bad_product"};
  static const JsonObject nothing;
  const auto& given = product.attributes.is_object() ? product.attributes.get_object() : nothing;
  check_given(*definition, given, error.fields);
  // What is not on offer is no more than a row that others refer to.
  if (const auto order = definitions_->find("order", definitions_->latest("order")); order && product.visible) check_orderable(*definition, *order, given, error.fields);
  if (!error.fields.empty()) return fail(std::move(error));
  return directory_->put_product(product);
}

}  // namespace stellwerk::actors
