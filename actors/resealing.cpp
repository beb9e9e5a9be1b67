#include "actors/resealing.hpp"

#include <fmt/format.h>

#include "actors/sealing.hpp"
#include "storage/setting_level.hpp"

namespace stellwerk::actors {
namespace {

using storage::SealedDocument;

constexpr std::size_t largest = std::size_t{64} << 20;

Result<void> again(const config::Keyring& keys, Json& value, const std::string& place) {
  if (!is_sealed(value)) return {};
  STELLWERK_TRY(const auto plain, open_json(keys, value, place));
  value = seal_json(keys, plain, place);
  return {};
}

Result<void> reseal_actor(const config::Keyring& keys, const ActorId& id, Json& attributes, Json& cursor) {
  if (auto* object = attributes.if_object())
    for (auto& member : *object) STELLWERK_CHECK(again(keys, member.value(), place::attribute(id, member.key())));
  auto* object = cursor.if_object();
  if (object == nullptr) return {};
  if (auto* run = object->if_contains("run"); run != nullptr && run->is_object())
    if (auto* values = run->get_object().if_contains("values")) STELLWERK_CHECK(again(keys, *values, place::cursor(id, "run")));
  if (auto* failed = object->if_contains("failed")) STELLWERK_CHECK(again(keys, *failed, place::cursor(id, "failed")));
  return {};
}

/// A server keeps each secret as a text; what is none stays as it is.
Result<void> reseal_server(const config::Keyring& keys, const ServerId& id, Json& settings) {
  auto* object = settings.if_object();
  if (object == nullptr) return {};
  for (auto& member : *object) {
    const auto* text = member.value().if_string();
    if (text == nullptr) continue;
    const auto key = config::key_id_of(as_view(*text));
    if (key.empty() || (keys.find(key) == nullptr && key != keys.master().id)) continue;
    const auto place = place::server(id, member.key());
    STELLWERK_TRY(const auto plain, keys.open(as_view(*text), place));
    member.value() = boost::json::string(keys.seal(plain.reveal(), place));
  }
  return {};
}

Result<std::string> setting_place(const std::vector<std::string>& ids) {
  const auto level = storage::parse_level(ids[2]);
  if (!level) return fail(ErrorCode::internal, fmt::format("setting {} of {} has an unknown level '{}'", ids[1], ids[0], ids[2]));
  return place::setting({.level = *level, .owner = ids[3], .workflow = ids[0], .name = ids[1]});
}

Result<void> reseal_documents(const config::Keyring& keys, const SealedDocument& row, std::vector<Json>& documents) {
  if (row.table == "actor") return reseal_actor(keys, ActorId{row.ids[0]}, documents[0], documents[1]);
  if (row.table == "mailbox") return again(keys, documents[0], place::message(ActorId{row.ids[0]}, EventId{row.ids[1]}));
  if (row.table == "attempt") return again(keys, documents[0], place::input(AttemptId{row.ids[0]}));
  if (row.table == "server") return reseal_server(keys, ServerId{row.ids[0]}, documents[0]);
  STELLWERK_TRY(const auto place, setting_place(row.ids));
  return again(keys, documents[0], place);
}

}  // namespace

Result<SealedDocument> reseal(const config::Keyring& keys, SealedDocument row) {
  if (row.table == "personal_key") {
    STELLWERK_TRY(const auto key, open_personal_key(keys, {.id = row.ids[1], .tenant = {}, .customer = {}, .actor = ActorId{row.ids[0]}, .sealed = row.documents[0]}));
    row.documents[0] = config::seal_key(keys.newest(), key, row.ids[0]);
    return row;
  }
  std::vector<Json> documents;
  for (const auto& text : row.documents) {
    STELLWERK_TRY(auto json, parse_json(text, largest));
    documents.push_back(std::move(json));
  }
  if (auto done = reseal_documents(keys, row, documents); !done) return wrap(std::move(done).error(), fmt::format("seal {} {} anew", row.table, row.ids[0]));
  for (std::size_t i = 0; i < documents.size(); ++i) row.documents[i] = dump_json(documents[i]);
  return row;
}

Result<std::int64_t> reseal_all(storage::Directory& records, const TenantId& tenant, const config::Keyring& keys, const std::string& key, int batch,
                                const std::function<Result<void>(std::int64_t)>& after_batch) {
  std::int64_t count = 0;
  for (const auto& table : storage::sealed_tables()) {
    std::string after;
    for (;;) {
      STELLWERK_TRY(auto rows, records.sealed_documents(tenant, key, table, after, batch));
      if (rows.empty()) break;
      after = rows.back().ids.front();
      for (auto& row : rows) {
        STELLWERK_TRY(row, reseal(keys, std::move(row)));
        for (const auto& text : row.documents)
          if (text.find("v1." + key + ".") != std::string::npos)
            return fail(ErrorCode::internal, fmt::format("{} {} still names the key {} after it was sealed anew: it stands where no secret is kept", table, row.ids[0], key));
      }
      STELLWERK_CHECK(records.put_sealed(rows));
      count += std::ssize(rows);
      STELLWERK_CHECK(after_batch(count));
    }
  }
  return count;
}

}  // namespace stellwerk::actors
