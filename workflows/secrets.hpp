#pragma once
// What is declared secret, and how it stands where people read: journals, incidents, answers of the API. The actor's own row, its cursor
// and its mailbox keep the values: steps need them.

#include <string_view>

#include "core/masking.hpp"
#include "workflows/definition.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::workflows {

using stellwerk::masked;

/// A secret, or a list that holds secrets at any depth.
[[nodiscard]] bool is_secret(const TypeSpec& type);

/// `object` as it may be read: itself when none of the fields is secret, else a copy in `room` with "***" for every secret. Null stays null.
[[nodiscard]] const Json& shown(const std::vector<Field>& fields, const Json& object, Json& room);

/// Puts "***" for every secret among the attributes; null stays null.
void mask_attributes(const Definition& definition, JsonObject& attributes);

/// The payload of an event of this name as it may be read. Of an event that the workflow does not declare nobody knows what is secret:
/// all of its members are "***".
[[nodiscard]] Json shown_payload(const Definition& definition, std::string_view event, const Json& payload);

/// Whether an actor of this workflow may hold a secret at all: in an attribute, an event, a setting, an input or a result.
[[nodiscard]] bool handles_secrets(const Definition& definition);
/// Every secret that the actor holds: attributes, settings, what its run was started with, its inputs, results and what they replaced,
/// events that wait for a person.
void know_secrets(const Definition& definition, const Snapshot& snapshot, Masker& masker);
/// Every secret that the event brings to this actor.
void know_secrets(const Definition& definition, const Snapshot& snapshot, const Event& event, Masker& masker);
/// The event as it may be decided on: in what came of an attempt, secrets of the actor are "***", except in results declared secret.
void mask_outcome(const Definition& definition, const Snapshot& snapshot, Event& event);

/// Whether the member of this name is personal in what the actor's journal tells: an attribute that is declared so. A field of an event
/// that has the name of such an attribute is the same thing on its way, and counts as well.
[[nodiscard]] bool is_personal(const Definition& definition, std::string_view name);
[[nodiscard]] bool has_personal(const Definition& definition);

}  // namespace stellwerk::workflows
