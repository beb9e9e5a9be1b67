#include "actors/erasing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "actors/encode.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {

Result<std::vector<storage::ActorRow>> personal_actors(storage::Directory& records, const Definitions& definitions, const TenantId& tenant, const std::string& customer) {
  constexpr int page = 200;
  std::vector<storage::ActorRow> found;
  for (ActorId after;;) {
    STELLWERK_TRY(auto actors, records.actors_of(tenant, customer, after, page));
    const bool last = std::ssize(actors) < page;
    if (!actors.empty()) after = actors.back().id;
    for (auto& actor : actors) {
      const auto definition = definitions.find(actor.workflow, actor.revision);
      if (!definition || workflows::has_personal(*definition)) found.push_back(std::move(actor));
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

Result<int> erase_offline(storage::Store& store, storage::Directory& records, const Definitions& definitions, const config::Keyring& keys, const EraseOffline& what, Time now) {
  STELLWERK_TRY(const auto customer, records.find_customer(what.tenant, what.customer));
  if (!customer) return fail(ErrorCode::not_found, fmt::format("there is no customer {}", what.customer));
  STELLWERK_TRY(const auto actors, personal_actors(records, definitions, what.tenant, what.customer));
  if (auto problems = in_the_way(actors, what.live); !problems.empty()) return fail(stands_in_the_way(what.customer, std::move(problems)));
  Surroundings around;
  around.keys = std::make_shared<const config::Keyring>(keys);
  for (const auto& actor : actors) {
    STELLWERK_TRY(const auto loaded, store.load(actor.id));
    const auto definition = definitions.find(actor.workflow, actor.revision);
    if (!definition) return fail(ErrorCode::internal, fmt::format("workflow {} revision {} of actor {} is not published here: what is personal to it is unknown", actor.workflow, actor.revision, actor.id.str()));
    STELLWERK_TRY(const auto snapshot, make_snapshot(*definition, loaded, around));
    STELLWERK_TRY(auto erasure, make_erasure(*definition, loaded.row, snapshot, what.live, what.note, JsonObject{{"id", what.by}, {"role", "admin"}}, now, keys));
    storage::Commit commit{.id = format_id("dec", make_uuid()), .changes = {}, .required = {}, .actions = {}, .idempotency = {}};
    erasure.change.row.decision = commit.id;
    commit.changes.push_back(std::move(erasure.change));
    STELLWERK_TRY(const auto results, store.commit(std::span{&commit, 1}));
    if (results.front().status != storage::CommitStatus::committed) return fail(ErrorCode::internal, fmt::format("actor {} could not be written: {}", actor.id.str(), results.front().error));
  }
  STELLWERK_CHECK(records.erase_customer(what.tenant, what.customer, {.id = make_id<EventId>("evt").str(), .tenant = what.tenant, .at = now, .by = what.by, .role = "admin", .action = "erase",
                                                                      .object = what.customer, .field = {}, .note = what.note}));
  return static_cast<int>(actors.size());
}

}  // namespace stellwerk::actors
