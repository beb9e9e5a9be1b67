#pragma once
// What is declared secret, and how it stands where people read: journals, incidents, answers of the API. The actor's own row, its cursor
// and its mailbox keep the values: steps need them.

#include <string_view>

#include "workflows/definition.hpp"

namespace stellwerk::workflows {

/// What stands in the place of a value that must not be read.
inline constexpr std::string_view masked = "***";

/// A secret, or a list that holds secrets at any depth.
[[nodiscard]] bool is_secret(const TypeSpec& type);

/// `object` as it may be read: itself when none of the fields is secret, else a copy in `room` with "***" for every secret. Null stays null.
[[nodiscard]] const Json& shown(const std::vector<Field>& fields, const Json& object, Json& room);

/// Puts "***" for every secret among the attributes; null stays null.
void mask_attributes(const Definition& definition, JsonObject& attributes);

/// The payload of an event of this name as it may be read. Of an event that the workflow does not declare nobody knows what is secret:
/// all of its members are "***".
[[nodiscard]] Json shown_payload(const Definition& definition, std::string_view event, const Json& payload);

}  // namespace stellwerk::workflows
