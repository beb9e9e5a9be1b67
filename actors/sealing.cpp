#include "actors/sealing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "storage/setting_level.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {
namespace {

using workflows::Definition;

constexpr std::string_view sealed_member = "$sealed";
constexpr std::string_view personal_member = "$personal";
constexpr std::string_view erased = "(erased)";
constexpr std::string_view words_of_people = "note";  ///< may name the person in words that no attribute holds
constexpr std::size_t largest = std::size_t{64} << 20;
constexpr std::size_t shortest_within = 4;  ///< bytes: shorter personal values are looked for as whole texts only

/// Members of a run that hold values; the others are places, times and names.
constexpr std::array run_values{"payload", "begun", "failures", "items", "settings", "former_items", "ending", "results", "error"};

/// Members of a journal entry or of an incident's detail whose texts are names of the definition, ids and moments.
constexpr std::array<std::string_view, 32> structural{"type",  "step",   "run",  "incident", "event",     "timer",    "schedule", "kind",  "workflow", "to",     "work",
                                                      "from",  "remedy", "class", "code",    "status",    "state",    "outcome",  "operation", "attempt", "actor", "action",
                                                      "id",    "by",     "role", "key",      "due",       "template", "server",   "guard", "name",     "sender"};

bool is_structural(std::string_view name) { return std::ranges::find(structural, name) != structural.end(); }

Json text(std::string_view value) { return Json(boost::json::string(value)); }

Result<Json> open_text(const config::Keyring& keys, std::string_view sealed, std::string_view place) {
  auto plain = keys.open(sealed, place);
  if (!plain) return fail(Error{ErrorCode::internal, fmt::format("what is sealed at {} cannot be opened", place), {}, {}, std::make_shared<const Error>(std::move(plain).error())});
  return parse_json(plain->reveal(), largest);
}

/// Members that are not structural, through `change`; entries of a journal are not nested deeper than their values.
template <class Change>
void change_values(Json& entry, Change change) {
  auto* object = entry.if_object();
  if (object == nullptr) return;
  for (auto& member : *object)
    if (!is_structural(member.key())) change(member.key(), member.value());
}

void add_texts(const Json& value, std::vector<std::string>& texts) {
  if (const auto* one = value.if_string(); one != nullptr && !one->empty()) texts.emplace_back(as_view(*one));
  else if (const auto* list = value.if_array()) std::ranges::for_each(*list, [&](const Json& item) { add_texts(item, texts); });
  else if (const auto* object = value.if_object())
    for (const auto& member : *object) add_texts(member.value(), texts);
}

void add_personal(const Definition& definition, const workflows::Snapshot& snapshot, std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < definition.attributes.size() && i < snapshot.attributes.size(); ++i)
    if (definition.attributes[i].personal) add_texts(workflows::encode(definition.attributes[i].field.type, snapshot.attributes[i]), texts);
}

bool holds(std::string_view told, const std::vector<std::string>& values) {
  return std::ranges::any_of(values, [&](const std::string& value) { return value.size() < shortest_within ? told == value : told.find(value) != std::string_view::npos; });
}

/// Finds what is personal in values of one actor, and puts something else in its place: `put` gets the name of the personal attribute
/// (empty: the text holds a value of one) and the value.
template <class Put>
class PersonalParts {
 public:
  PersonalParts(const Definition& definition, const std::vector<std::string>& values, Put put) : definition_{definition}, values_{values}, put_{std::move(put)} {}

  void entry(Json& entry) {
    change_values(entry, [&](std::string_view name, Json& value) {
      if (name == words_of_people && !value.is_null()) return replace({}, value);
      member(name, value);
    });
  }
  void member(std::string_view name, Json& value) {
    if (value.is_null()) return;
    if (workflows::is_personal(definition_, name)) return replace(name, value);
    if (const auto* told = value.if_string()) {
      if (holds(as_view(*told), values_)) replace({}, value);
    } else if (auto* list = value.if_array()) {
      for (auto& item : *list) member({}, item);
    } else if (auto* object = value.if_object()) {
      for (auto& inner : *object) member(inner.key(), inner.value());
    }
  }
  [[nodiscard]] bool found() const { return found_; }

 private:
  void replace(std::string_view name, Json& value) {
    put_(name, value);
    found_ = true;
  }

  const Definition& definition_;
  const std::vector<std::string>& values_;
  Put put_;
  bool found_ = false;
};

}  // namespace

storage::DataKeyRow make_data_key(const TenantId& tenant, const config::MasterKey& master, Time now) {
  const auto key = config::make_key();
  return {.id = key.id, .tenant = tenant, .sealed = config::seal_key(master, key, tenant.str()), .created_at = now};
}

Result<config::MasterKey> open_data_key(const storage::DataKeyRow& row, const config::MasterKey& master) {
  auto key = config::open_key(master, row.id, row.sealed, row.tenant.str());
  if (key) return key;
  const auto under = std::string{config::key_id_of(row.sealed)};
  if (under != master.id)
    return fail(ErrorCode::permission_denied,
                fmt::format("the data key {} is sealed under the master key '{}', and the master key file holds '{}': give the file that belongs to this database (setting master_key_file)", row.id,
                            under, master.id),
                "master_key");
  return wrap(std::move(key).error(), fmt::format("open the data key {}", row.id));
}

Result<Keys> open_keys(storage::Store& store, const TenantId& tenant, const config::MasterKey& master, Time now) {
  STELLWERK_TRY(auto rows, store.data_keys(tenant));
  if (rows.empty()) {
    rows.push_back(make_data_key(tenant, master, now));
    STELLWERK_CHECK(store.add_data_key(rows.back()));
  }
  auto keys = std::make_shared<config::Keyring>(master);
  for (const auto& row : rows) {
    STELLWERK_TRY(auto key, open_data_key(row, master));
    keys->add(std::move(key));
  }
  return Keys{std::move(keys)};
}

namespace place {

std::string attribute(const ActorId& actor, std::string_view name) { return fmt::format("{}/attribute/{}", actor.str(), name); }
std::string cursor(const ActorId& actor, std::string_view part) { return fmt::format("{}/cursor/{}", actor.str(), part); }
std::string message(const ActorId& receiver, const EventId& event) { return fmt::format("{}/message/{}", receiver.str(), event.str()); }
std::string input(const AttemptId& attempt) { return attempt.str() + "/input"; }
std::string setting(const storage::SettingValue& value) {
  return fmt::format("setting/{}/{}/{}/{}", value.workflow, value.name, storage::to_string(value.level), value.owner);
}
std::string server(const ServerId& server, std::string_view setting) { return fmt::format("{}/{}", server.str(), setting); }
std::string journal(const ActorId& actor) { return actor.str() + "/journal"; }

}  // namespace place

Json seal_json(const config::Keyring& keys, const Json& value, std::string_view place) { return JsonObject{{sealed_member, keys.seal(dump_json(value), place)}}; }

bool is_sealed(const Json& value) {
  const auto* object = value.if_object();
  return object != nullptr && object->size() == 1 && object->begin()->key() == sealed_member && object->begin()->value().is_string();
}

Result<Json> open_json(const config::Keyring& keys, const Json& value, std::string_view place) {
  if (!is_sealed(value)) return value;
  return open_text(keys, text_of(value, sealed_member), place);
}

Json seal_cursor(const config::Keyring& keys, const ActorId& actor, Json cursor) {
  auto* object = cursor.if_object();
  if (object == nullptr) return cursor;
  if (auto* run = object->if_contains("run"); run != nullptr && run->is_object()) {
    auto& open = run->get_object();
    JsonObject values;
    for (const char* name : run_values) {
      const auto found = open.find(name);
      if (found == open.end()) continue;
      values[name] = std::move(found->value());
      open.stable_erase(found);
    }
    open["values"] = seal_json(keys, Json(std::move(values)), place::cursor(actor, "run"));
  }
  if (auto* failed = object->if_contains("failed")) *failed = seal_json(keys, *failed, place::cursor(actor, "failed"));
  return cursor;
}

Result<Json> open_cursor(const config::Keyring& keys, const ActorId& actor, Json cursor) {
  auto* object = cursor.if_object();
  if (object == nullptr) return cursor;
  if (auto* run = object->if_contains("run"); run != nullptr && run->is_object()) {
    if (auto* sealed = run->get_object().if_contains("values")) {
      STELLWERK_TRY(auto values, open_json(keys, *sealed, place::cursor(actor, "run")));
      if (!values.is_object()) return fail(ErrorCode::internal, fmt::format("the run of actor {} has sealed values of another form", actor.str()));
      run->get_object().erase("values");
      for (auto& member : values.get_object()) run->get_object()[member.key()] = std::move(member.value());
    }
  }
  if (auto* failed = object->if_contains("failed")) {
    STELLWERK_TRY(*failed, open_json(keys, *failed, place::cursor(actor, "failed")));
  }
  return cursor;
}

Result<void> open_messages(const config::Keyring& keys, std::vector<storage::MailboxRow>& mailbox) {
  for (auto& message : mailbox) {
    STELLWERK_TRY(message.payload, open_json(keys, message.payload, place::message(message.receiver, message.event_id)));
  }
  return {};
}

Result<config::MasterKey> open_personal_key(const config::Keyring& keys, const storage::PersonalKeyRow& row) {
  const auto id = config::key_id_of(row.sealed);
  const auto* under = keys.find(id);
  return config::open_key(under == nullptr ? keys.master() : *under, row.id, row.sealed, row.actor.str());
}

storage::PersonalKeyRow make_personal_key(const config::Keyring& keys, const storage::ActorRow& actor, Time now) {
  const auto key = config::make_key();
  return {.id = key.id, .tenant = actor.tenant, .customer = actor.customer.empty() ? actor.id.str() : actor.customer, .actor = actor.id,
          .sealed = config::seal_key(keys.newest(), key, actor.id.str()), .created_at = now};
}

Confidential confidential_of(const Definition& definition, const workflows::Snapshot* before, const workflows::Event& event, const workflows::Decision& decision) {
  Confidential found;
  if (workflows::handles_secrets(definition)) {
    if (before != nullptr) workflows::know_secrets(definition, *before, found.secrets);
    workflows::know_secrets(definition, before == nullptr ? decision.next : *before, event, found.secrets);
    workflows::know_secrets(definition, decision.next, found.secrets);
  }
  if (workflows::has_personal(definition)) {
    if (before != nullptr) add_personal(definition, *before, found.personal);
    add_personal(definition, decision.next, found.personal);
  }
  return found;
}

void mask_told(const Masker& secrets, storage::ActorChange& change) {
  if (secrets.empty()) return;
  const auto mask = [&](std::string_view, Json& value) { value = secrets.mask_json(std::move(value)); };
  if (auto* entries = change.journal.if_array())
    for (auto& entry : *entries) change_values(entry, mask);
  for (auto& incident : change.incidents) {
    incident.text = secrets.mask(std::move(incident.text));
    incident.note = secrets.mask(std::move(incident.note));
    change_values(incident.detail, mask);
  }
  for (auto& notice : change.outbox) change_values(notice.data, mask);
}

bool seal_personal(const Definition& definition, const std::vector<std::string>& values, const config::MasterKey& key, storage::ActorChange& change) {
  PersonalParts parts{definition, values, [&key, place = place::journal(change.row.id)](std::string_view, Json& value) {
                        value = JsonObject{{personal_member, config::seal(key, dump_json(value), place)}};
                      }};
  if (auto* entries = change.journal.if_array())
    for (auto& entry : *entries) parts.entry(entry);
  return parts.found();
}

void keep_personal(const Definition& definition, const std::vector<std::string>& values, const config::Keyring& keys, const std::optional<config::MasterKey>& personal, Time now,
                   storage::ActorChange& change) {
  if (!workflows::has_personal(definition)) return;
  if (personal) {
    seal_personal(definition, values, *personal, change);
    return;
  }
  auto made = make_personal_key(keys, change.row, now);
  const auto key = open_personal_key(keys, made);
  STELLWERK_ASSERT(key.has_value(), "a key that was just sealed can be opened");
  if (seal_personal(definition, values, *key, change)) change.personal_key = std::move(made);
}

bool forget_personal(const Definition& definition, const std::vector<std::string>& values, Json& payload) {
  PersonalParts parts{definition, values, [&definition](std::string_view name, Json& value) {
                        const int attribute = name.empty() ? -1 : definition.find_attribute(name);
                        const bool fits = attribute < 0 || definition.attributes[static_cast<std::size_t>(attribute)].field.type.base == workflows::TypeSpec::Base::string;
                        value = value.is_string() && fits ? text(erased) : Json{};
                      }};
  parts.member({}, payload);
  return parts.found();
}

std::vector<std::string> personal_values(const Definition& definition, const workflows::Snapshot& snapshot) {
  std::vector<std::string> values;
  add_personal(definition, snapshot, values);
  return values;
}

Json open_personal(Json entries, const ActorId& actor, const std::optional<config::MasterKey>& key) {
  if (auto* list = entries.if_array()) {
    for (auto& item : *list) item = open_personal(std::move(item), actor, key);
  } else if (auto* object = entries.if_object()) {
    if (object->size() == 1 && object->begin()->key() == personal_member && object->begin()->value().is_string()) {
      if (!key) return text(erased);
      const auto plain = config::open(*key, as_view(object->begin()->value().get_string()), place::journal(actor));
      if (!plain) return text(erased);
      auto value = parse_json(plain->reveal(), largest);
      return value ? std::move(*value) : text(erased);
    }
    for (auto& member : *object) member.value() = open_personal(std::move(member.value()), actor, key);
  }
  return entries;
}

}  // namespace stellwerk::actors
