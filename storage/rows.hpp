#pragma once
// Records as rows: the columns of each table once, with its reader and its writer in the same order.

#include "storage/session.hpp"
#include "storage/store.hpp"

namespace stellwerk::storage {

extern const Columns actor_columns, mailbox_columns, timer_columns, attempt_columns, run_columns, incident_columns, outbox_columns, server_columns,
    product_columns, idempotency_columns, data_key_columns, personal_key_columns, audit_columns;

/// Writers: cells in the order of the columns. mailbox rows and idempotency rows carry the tenant of their decision.
[[nodiscard]] Row to_row(const ActorRow& actor);
[[nodiscard]] Row to_row(const TimerRow& timer);
[[nodiscard]] Row to_row(const AttemptRow& attempt);
[[nodiscard]] Row to_row(const RunRow& run);
[[nodiscard]] Row to_row(const IncidentRow& incident);
[[nodiscard]] Row to_row(const OutboxRow& event);
[[nodiscard]] Row to_row(const ServerRow& server);
[[nodiscard]] Row to_row(const ProductRow& product);
[[nodiscard]] Row to_row(const IdempotencyRow& row);
[[nodiscard]] Row to_row(const DataKeyRow& key);
[[nodiscard]] Row to_row(const PersonalKeyRow& key);
[[nodiscard]] Row to_row(const AuditRow& entry);

/// Takes the cells of a row one after the other. A stored document that is no JSON is remembered and reported by finish().
class Reader {
 public:
  explicit Reader(const Row& row) : row_{row} {}
  [[nodiscard]] std::string text();
  [[nodiscard]] std::int64_t number();
  [[nodiscard]] int small() { return static_cast<int>(number()); }
  [[nodiscard]] bool flag() { return number() != 0; }
  [[nodiscard]] Time time() { return from_micros(number()); }
  [[nodiscard]] Json json();
  [[nodiscard]] bool next_is_null() const { return std::holds_alternative<std::monostate>(row_.at(at_)); }
  void skip() { ++at_; }
  template <class IdType>
  [[nodiscard]] IdType id() { return IdType{text()}; }
  template <class T>
  [[nodiscard]] Result<T> finish(T value) {
    if (!problem_) return value;
    return fail(*problem_);
  }

 private:
  const Row& row_;
  std::size_t at_ = 0;
  std::optional<Error> problem_;
};

[[nodiscard]] Result<ActorRow> read_actor(const Row& row);
[[nodiscard]] Result<MailboxRow> read_mailbox(const Row& row);
[[nodiscard]] Result<TimerRow> read_timer(const Row& row);
[[nodiscard]] Result<AttemptRow> read_attempt(const Row& row);
[[nodiscard]] Result<RunRow> read_run(const Row& row);
[[nodiscard]] Result<IncidentRow> read_incident(const Row& row);
[[nodiscard]] Result<OutboxRow> read_outbox(const Row& row);
[[nodiscard]] Result<ServerRow> read_server(const Row& row);
[[nodiscard]] Result<ProductRow> read_product(const Row& row);
[[nodiscard]] Result<IdempotencyRow> read_idempotency(const Row& row);
[[nodiscard]] Result<DataKeyRow> read_data_key(const Row& row);
[[nodiscard]] Result<PersonalKeyRow> read_personal_key(const Row& row);
[[nodiscard]] Result<AuditRow> read_audit(const Row& row);

/// Every row through `read`, or the first error.
template <class T>
[[nodiscard]] Result<std::vector<T>> read_all(const std::vector<Row>& rows, Result<T> (*read)(const Row&)) {
  std::vector<T> all;
  all.reserve(rows.size());
  for (const auto& row : rows) {
    STELLWERK_TRY(auto one, read(row));
    all.push_back(std::move(one));
  }
  return all;
}
/// The row also when a stored document of it is no JSON: then its documents are empty, and `unreadable` says why.
template <class T>
[[nodiscard]] Result<T> read_bare(const Row& row, std::string_view types, Result<T> (*read)(const Row&), std::string& unreadable) {
  auto whole = read(row);
  if (whole) return whole;
  unreadable = describe(whole.error());
  auto bare = row;
  for (std::size_t i = 0; i < types.size(); ++i)
    if (types[i] == 'j' && std::holds_alternative<std::string>(bare[i])) bare[i] = std::string{"{}"};
  return read(bare);
}
/// The only row, or nothing.
template <class T>
[[nodiscard]] Result<std::optional<T>> read_one(const std::vector<Row>& rows, Result<T> (*read)(const Row&)) {
  if (rows.empty()) return std::optional<T>{};
  STELLWERK_TRY(auto one, read(rows.front()));
  return std::optional<T>{std::move(one)};
}

}  // namespace stellwerk::storage
