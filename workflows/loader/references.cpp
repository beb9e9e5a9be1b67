// What expressions may read through a reference: `self.plan.cores`.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

int find_reference(const Definition& definition, Reference::Source source, std::string_view name, std::string_view kind) {
  const auto is_it = [&](const Reference& reference) { return reference.source == source && reference.name == name && reference.kind == kind; };
  const auto found = std::ranges::find_if(definition.references, is_it);
  return found == definition.references.end() ? -1 : static_cast<int>(found - definition.references.begin());
}

/// How rows of the kind are read: the secrets of another are not.
cel::Type row_type(const Catalog& catalog, std::string_view kind) {
  const auto known = catalog.kinds.find(kind);
  if (known == catalog.kinds.end()) return {};
  auto record = record_type(known->second.fields, false);
  if (known->second.open) record.element = std::make_shared<const cel::Type>();
  return record;
}

bool is_reference(const Field& field) { return field.type.base == TypeSpec::Base::ref && !field.type.kind.empty(); }

}  // namespace

void find_references(Context& context) {
  auto& definition = context.definition;
  using Source = Reference::Source;
  definition.references.push_back({.source = Source::customer, .name = "customer", .kind = "customer"});
  for (std::size_t i = 0; i < definition.attributes.size(); ++i) {
    const auto& field = definition.attributes[i].field;
    if (is_reference(field)) definition.references.push_back({.source = Source::attribute, .name = field.name, .attribute = static_cast<int>(i), .kind = field.type.kind});
  }
  for (const auto& [event, spec] : definition.events) {
    for (const auto& field : spec.with) {
      if (!is_reference(field) || find_reference(definition, Source::event, field.name, field.type.kind) >= 0) continue;
      for (const auto source : {Source::event, Source::run_event}) definition.references.push_back({.source = source, .name = field.name, .kind = field.type.kind});
    }
  }
  for (auto& reference : definition.references) reference.type = row_type(context.catalog, reference.kind);
}

void add_reference(const Context& context, Scope& scope, const std::string& path, Reference::Source source, std::string_view name, const std::string& kind) {
  const auto known = context.catalog.kinds.find(kind);
  if (known == context.catalog.kinds.end()) {
    std::vector<std::string> kinds;
    for (const auto& [other, signature] : context.catalog.kinds) kinds.push_back(other);
    const auto message = fmt::format("'{}' is only an id: nothing is known of the kind '{}'", path, kind);
    const auto hint = kinds.empty() ? std::string{"no kinds are known here"} : fmt::format("kinds that can be read through are {}", join(kinds, "and"));
    scope.all.refuse_reference(path, message, hint);
    scope.open.refuse_reference(path, message, hint);
    return;
  }
  const int index = find_reference(context.definition, source, name, kind);
  if (index < 0) return;
  const auto record = row_type(context.catalog, kind);
  const int slot = context.definition.reference_slot(index);
  scope.all.add_reference(path, record, slot);
  scope.open.add_reference(path, record, slot);
}

void note_used(Context& context, const std::vector<int>& slots) {
  auto& definition = context.definition;
  const int first = definition.reference_slot(0);
  for (const int place : slots) {
    if (place < slot::first_attribute) definition.reads.set(static_cast<std::size_t>(place));
    const auto index = static_cast<std::size_t>(place - first);
    if (place < first || index >= definition.references.size()) continue;
    auto& reference = definition.references[index];
    reference.used = true;
    // where its id stands
    if (reference.source == Reference::Source::event) definition.reads.set(slot::event);
    if (reference.source == Reference::Source::run_event) definition.reads.set(slot::run_event);
  }
}

}  // namespace stellwerk::workflows::loading
