// References: rows outside the actor that expressions read. They are committed data, read before the decision by its caller.

#include <algorithm>
#include <utility>

#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

/// The id that a value holds; empty when it holds none.
std::string id_in(const cel::Value* value) { return value != nullptr && value->kind() == cel::Kind::string ? value->as_string() : std::string{}; }

/// Declared fields that the row lacks are there, and null.
cel::Value row_value(const Json& fields, const cel::Type& type) {
  auto value = cel::from_json(fields, type);
  if (value.kind() != cel::Kind::map || !type.fields) return value;
  cel::Entries missing;
  for (const auto& [name, field] : *type.fields)
    if (value.find(name) == nullptr) missing.emplace_back(cel::Value::of_string(name), cel::Value{});
  if (missing.empty()) return value;
  auto entries = value.as_map();
  entries.insert(entries.end(), missing.begin(), missing.end());
  return cel::Value::of_map(std::move(entries));
}

}  // namespace

void Deciding::show_references() {
  if (!reads_rows_) return;
  for (std::size_t i = 0; i < definition_.references.size(); ++i) {
    const auto& reference = definition_.references[i];
    if (!reference.used) continue;
    std::string id;
    switch (reference.source) {
      case Reference::Source::attribute: id = id_in(&frame_[static_cast<std::size_t>(definition_.attribute_slot(reference.attribute))]); break;
      case Reference::Source::event: id = id_in(frame_[slot::event].find(reference.name)); break;
      case Reference::Source::run_event: id = id_in(frame_[slot::run_event].find(reference.name)); break;
      case Reference::Source::customer: id = snapshot_.customer; break;
    }
    if (id == shown_[i]) continue;
    const int place = definition_.reference_slot(static_cast<int>(i));
    shown_[i] = id;
    put(place, {});
    if (id.empty()) continue;
    const auto row = snapshot_.rows.find(id);
    if (row == snapshot_.rows.end()) {
      const bool asked = std::any_of(decision_.needs.begin(), decision_.needs.end(), [&](const NeededRow& n) { return n.id == id; });
      if (!asked) decision_.needs.push_back({id, reference.kind});
    } else if (!row->second.missing) {
      put(place, row_value(row->second.fields, reference.type));
    }
  }
}

void Deciding::rely_on(const cel::Program& require) {
  if (!reads_rows_) return;
  for (const int place : require.slots()) {
    const auto i = static_cast<std::size_t>(place - definition_.reference_slot(0));
    if (place < definition_.reference_slot(0) || i >= shown_.size() || shown_[i].empty()) continue;
    const auto row = snapshot_.rows.find(shown_[i]);
    if (row == snapshot_.rows.end()) continue;
    const bool known = std::any_of(decision_.requires_.begin(), decision_.requires_.end(), [&](const ReadRow& r) { return r.id == shown_[i]; });
    if (!known) decision_.requires_.push_back({shown_[i], definition_.references[i].kind, row->second.version});
  }
}

void Deciding::note_rows() {
  if (decision_.journal.empty()) return;
  JsonObject rows;
  for (const auto& id : shown_) {
    const auto row = id.empty() ? snapshot_.rows.end() : snapshot_.rows.find(id);
    if (row != snapshot_.rows.end()) rows[id] = row->second.version;
  }
  if (!rows.empty()) note({{"type", "read"}, {"rows", std::move(rows)}});
}

}  // namespace stellwerk::workflows
