#include "actors/erasing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "actors/encode.hpp"
#include "monitoring/log.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {
namespace {

/// Of the mailbox what holds something personal, without it; `open` gets the same as the actor reads it.
std::vector<storage::MailboxRow> forget_messages(const workflows::Definition& definition, const std::vector<std::string>& values, const config::Keyring& keys,
                                                 std::vector<storage::MailboxRow>& open) {
  const bool seals = workflows::handles_secrets(definition);
  std::vector<storage::MailboxRow> rewritten;
  for (auto& message : open) {
    if (!forget_personal(definition, values, message.payload)) continue;
    rewritten.push_back(message);
    auto& kept = rewritten.back();
    if (seals && kept.deferred) kept.payload = seal_json(keys, kept.payload, place::message(kept.receiver, kept.event_id));
  }
  return rewritten;
}

/// One actor, on a session that holds the database alone.
Result<void> erase_one(storage::Store& store, const Definitions& definitions, const std::shared_ptr<const config::Keyring>& keys, const storage::ActorRow& actor, const EraseOrder& order, Time now) {
  constexpr std::size_t all_that_is_loaded = 256;
  STELLWERK_TRY(auto loaded, store.load(actor.id));
  const auto definition = definitions.find(actor.workflow, actor.revision);
  if (!definition) return fail(ErrorCode::internal, fmt::format("workflow {} revision {} of actor {} is not published here: what is personal to it is unknown", actor.workflow, actor.revision, actor.id.str()));
  Surroundings around;
  around.keys = keys;
  STELLWERK_TRY(const auto snapshot, make_snapshot(*definition, loaded, around));
  STELLWERK_CHECK(open_messages(*keys, loaded.mailbox));
  const Holdings held{.row = loaded.row, .snapshot = snapshot, .mailbox = loaded.mailbox, .more_messages = loaded.mailbox.size() >= all_that_is_loaded, .has_key = loaded.personal_key.has_value()};
  STELLWERK_TRY(auto erasure, make_erasure(*definition, held, order, now, *keys));
  if (!erasure.needed) return {};
  storage::Commit commit{.id = format_id("dec", make_uuid()), .changes = {}, .required = {}, .actions = {}, .idempotency = {}};
  erasure.change.row.decision = commit.id;
  commit.changes.push_back(std::move(erasure.change));
  STELLWERK_TRY(const auto results, store.commit(std::span{&commit, 1}));
  if (results.front().status != storage::CommitStatus::committed) return fail(ErrorCode::internal, fmt::format("actor {} could not be written: {}", actor.id.str(), results.front().error));
  return {};
}

}  // namespace

Result<Erasure> make_erasure(const workflows::Definition& definition, const Holdings& held, const EraseOrder& order, Time now, const config::Keyring& keys) {
  const auto& [row, snapshot, mailbox, more_messages, has_key] = held;
  Erasure erased{.needed = has_key || snapshot.cursor.run || more_messages, .change = {}, .next = snapshot, .mailbox = {mailbox.begin(), mailbox.end()}};
  const auto values = personal_values(definition, snapshot);
  JsonArray names;
  for (std::size_t i = 0; i < definition.attributes.size(); ++i) {
    if (!definition.attributes[i].personal) continue;
    erased.needed = erased.needed || !snapshot.attributes[i].is_null();
    erased.next.attributes[i] = {};
    names.emplace_back(definition.attributes[i].field.name);
  }
  for (auto& failed : erased.next.cursor.failed) erased.needed = forget_personal(definition, values, failed.payload) || erased.needed;
  auto& change = erased.change;
  change.rewritten = forget_messages(definition, values, keys, erased.mailbox);
  erased.needed = erased.needed || !change.rewritten.empty();
  if (!erased.needed) return erased;

  if (row.live && !order.live) return fail(ErrorCode::conflict, fmt::format("{} {} has personal fields and is not final (state '{}')", row.kind, row.id.str(), row.state), "live");
  if (snapshot.cursor.run) return fail(ErrorCode::conflict, fmt::format("{} {} works on '{}'; its personal fields may be needed until it is done", row.kind, row.id.str(), snapshot.cursor.run->event), "busy");
  if (more_messages) return fail(ErrorCode::conflict, fmt::format("{} messages and more wait for {} {}; try again when it has taken them", mailbox.size(), row.kind, row.id.str()), "busy");
  change.row = row;
  change.row.version = row.version + 1;
  change.row.updated_at = now;
  change.row.attributes = encode_attributes(definition, erased.next, row.id, keys);
  change.row.cursor = encode_kept(definition, erased.next.cursor, row.id, keys);
  change.expected_version = row.version;
  change.applied = {.id = make_id<EventId>("evt"), .event = "erased", .payload = JsonObject{}, .principal = text_of(order.by, "id"), .role = text_of(order.by, "role")};
  change.journal = JsonArray{JsonObject{{"type", "erased"}, {"attributes", std::move(names)}, {"note", order.note}, {"by", order.by}}};
  change.forget_person = true;
  return erased;
}

Result<std::vector<storage::ActorRow>> personal_actors(storage::Directory& records, const Definitions& definitions, const TenantId& tenant, const std::string& customer) {
  constexpr int page = 200;
  std::vector<storage::ActorRow> found;
  for (ActorId after;;) {
    STELLWERK_TRY(auto actors, records.actors_of(tenant, customer, after, page));
    const bool last = std::ssize(actors) < page;
    if (!actors.empty()) after = actors.back().id;
    for (auto& actor : actors) {
      const auto definition = definitions.find(actor.workflow, actor.revision);
      bool holds = !definition || workflows::has_personal(*definition);
      if (!holds) {  // an earlier revision may have declared what this one does not
        STELLWERK_TRY(const auto key, records.find_personal_key(tenant, actor.id));
        holds = key.has_value();
      }
      if (holds) found.push_back(std::move(actor));
    }
    if (last) return found;
  }
}

std::vector<FieldProblem> in_the_way(const std::vector<storage::ActorRow>& actors, bool live) {
  std::vector<FieldProblem> problems;
  for (const auto& actor : actors)
    if (actor.live && !live) problems.push_back({"/" + actor.id.str(), fmt::format("{} in state '{}' is not final and has personal fields", actor.kind, actor.state)});
  return problems;
}

Error stands_in_the_way(const std::string& customer, std::vector<FieldProblem> actors) {
  Error error{ErrorCode::conflict, fmt::format("customer {} cannot be erased yet: {} of their actors may still need what is personal; end them, or say that live ones are erased as well", customer, actors.size()),
              "live"};
  error.fields = std::move(actors);
  return error;
}

Error still_told(const std::string& customer) {
  return {ErrorCode::conflict, fmt::format("customer {} is not erased yet: while their actors were, new ones came or were told something personal; try again", customer), "busy"};
}

Result<bool> erase_record(storage::Directory& records, const Definitions& definitions, const std::string& customer, const std::set<ActorId>& erased, storage::AuditRow audit) {
  const auto tenant = audit.tenant;
  audit.id = make_id<EventId>("evt").str();
  audit.action = "erase";
  audit.object = customer;
  const auto done = records.erase_customer(tenant, customer, audit);
  if (!done && done.error().reason == "personal_key") return false;
  if (!done) return fail(done.error());
  // From here on their accounts give no orders; who was born in the meantime is found now.
  STELLWERK_TRY(const auto actors, personal_actors(records, definitions, tenant, customer));
  if (std::ranges::any_of(actors, [&](const storage::ActorRow& actor) { return !erased.contains(actor.id); })) return false;
  const auto purged = records.purge_deleted();
  if (!purged) monitoring::log_error("overwrite what was deleted; it is tried again", purged.error());
  else if (!*purged) monitoring::log_warning("what was deleted may still be read in the files of the database: somebody is reading there; it is tried again");
  return true;
}

Result<int> erase_offline(storage::Store& store, storage::Directory& records, const Definitions& definitions, const config::Keyring& keys, const EraseOffline& what, Time now) {
  STELLWERK_TRY(const auto customer, records.find_customer(what.tenant, what.customer));
  if (!customer) return fail(ErrorCode::not_found, fmt::format("there is no customer {}", what.customer));
  const auto shared_keys = std::make_shared<const config::Keyring>(keys);
  const EraseOrder order{.live = what.live, .note = what.note, .by = JsonObject{{"id", what.by}, {"role", "admin"}}};
  std::set<ActorId> erased;
  for (int round = 0; round < most_rounds; ++round) {
    STELLWERK_TRY(const auto actors, personal_actors(records, definitions, what.tenant, what.customer));
    if (auto problems = in_the_way(actors, what.live); !problems.empty()) return fail(stands_in_the_way(what.customer, std::move(problems)));
    for (const auto& actor : actors) {
      STELLWERK_CHECK(erase_one(store, definitions, shared_keys, actor, order, now));
      erased.insert(actor.id);
    }
    STELLWERK_TRY(const bool done, erase_record(records, definitions, what.customer, erased, {.id = {}, .tenant = what.tenant, .at = now, .by = what.by, .role = "admin", .action = {}, .object = {}, .field = {}, .note = what.note}));
    if (done) return static_cast<int>(erased.size());
  }
  return fail(still_told(what.customer));
}

}  // namespace stellwerk::actors
