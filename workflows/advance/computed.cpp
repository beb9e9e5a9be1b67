// Computed attributes: `value:` of an attribute, evaluated after whatever may have changed what it reads.

#include <fmt/format.h>

#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {

Result<void> Deciding::compute() {
  if (!definition_.computed_order.empty()) {
    JsonObject shown;
    for (const int index : definition_.computed_order)
      if (auto changed = compute_one(index, shown); !changed) {
        const auto& attribute = definition_.attributes[static_cast<std::size_t>(index)];
        auto error = std::move(wrap(std::move(changed).error(), fmt::format("value of attribute {} at line {} of workflow {}", attribute.field.name, attribute.place.line, definition_.name)).value());
        STELLWERK_CHECK(tell_beside("attribute", attribute.field.name, std::move(error)));
      }
    if (!shown.empty()) {
      note_set(std::move(shown));
      STELLWERK_CHECK(check_size());
    }
  }
  if (!definition_.schedules.empty() && touched_) show_ran();
  return {};
}

Result<void> Deciding::compute_one(int index, JsonObject& shown) {
  const auto& attribute = definition_.attributes[static_cast<std::size_t>(index)];
  const auto& present = frame_[static_cast<std::size_t>(definition_.attribute_slot(index))];
  const auto is_present = [&](const cel::Value& value) { return value.kind() == present.kind() && value == present; };
  STELLWERK_TRY(const auto value, attribute.value.evaluate(frame()));
  if (is_present(value)) return {};
  STELLWERK_TRY(auto json, fitting(index, value, "compute"));
  if (is_present(decode(attribute.field.type, json))) return {};  // another way to write the same
  set_attribute(index, json);
  shown[attribute.field.name] = std::move(json);
  return {};
}

}  // namespace stellwerk::workflows
