#include "storage/session.hpp"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <chrono>
#include <thread>
#include <unordered_map>

#include "monitoring/log.hpp"
#include "storage/incarnation.hpp"
#include "storage/session_error.hpp"

namespace stellwerk::storage {
namespace {

std::int64_t milliseconds(Duration duration) { return std::chrono::ceil<std::chrono::milliseconds>(duration).count(); }

PGconn* postgresql_connection(soci::session& session) { return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_; }

/// libpq's options that a URL does not already carry. A lost peer must be noticed well within a lease.
std::string with_defaults(const std::string& url, Duration patience) {
  std::string text = url;
  const auto seconds = std::to_string(std::chrono::ceil<std::chrono::seconds>(patience).count());
  // tcp_user_timeout: what is sent and not acknowledged. Keepalives: a statement whose server has vanished while it ran.
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"application_name", "stellwerk"}, {"connect_timeout", "5"}, {"keepalives_idle", seconds},
                                    {"keepalives_interval", "1"}, {"tcp_user_timeout", std::to_string(milliseconds(patience))}}) {
    if (url.find(name + "=") != std::string::npos) continue;
    text += text.find('?') == std::string::npos ? '?' : '&';
    text.append(name).append("=").append(value);
  }
  return text;
}

}  // namespace

/// A prepared statement and the variables it is bound to; their addresses must not change.
struct Session::Prepared {
  struct Slot {
    char type = 't';
    std::string text;
    long long number = 0;
    soci::indicator indicator = soci::i_ok;

    void set(const Value& value) {
      indicator = std::holds_alternative<std::monostate>(value) ? soci::i_null : soci::i_ok;
      if (const auto* t = std::get_if<std::string>(&value)) {
        STELLWERK_ASSERT(type != 'i', "a text for an integer parameter");
        text = *t;
      }
      if (const auto* n = std::get_if<std::int64_t>(&value)) {
        STELLWERK_ASSERT(type == 'i', "an integer for a text parameter");
        number = *n;
      }
    }
    [[nodiscard]] Value get() const {
      if (indicator == soci::i_null) return std::monostate{};
      return type == 'i' ? Value{static_cast<std::int64_t>(number)} : Value{text};
    }
  };

  explicit Prepared(soci::session& session) : statement{session} {}
  std::vector<Slot> in, out;
  soci::statement statement;  // last: it refers to the slots
};

struct Session::State {
  soci::session session;
  std::unordered_map<std::string, std::unique_ptr<Prepared>> prepared;
};

Session::Session(DialectKind dialect, config::Secret target, SessionUse use, Duration patience)
    : dialect_{dialect}, target_{std::move(target)}, use_{use}, patience_{patience} {}

Session::~Session() {
  if (in_transaction_) rollback();
}

Error Session::translate(const std::exception& error) const {
  const bool open = state_ && state_->session.get_backend() != nullptr;
  if (dialect_ == DialectKind::sqlite) {
    return translate_error(error, open ? sqlite3_extended_errcode(static_cast<soci::sqlite3_session_backend*>(state_->session.get_backend())->conn_) : 0, false);
  }
  return translate_error(error, 0, open && PQstatus(postgresql_connection(state_->session)) != CONNECTION_OK);
}

Result<void> Session::connect(int tries) {
  Error last;
  for (int i = 0; i < tries; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds{50 << i});
    state_.reset();
    in_transaction_ = false;
    try {
      state_ = std::make_unique<State>();
      if (dialect_ == DialectKind::sqlite) {
        state_->session.open(soci::sqlite3, "db=\"" + target_.reveal() + "\"");
      } else {
        state_->session.open(soci::postgresql, with_defaults(target_.reveal(), patience_));
      }
      configure();
      return {};
    } catch (const std::exception& error) {
      last = translate(error);
      state_.reset();
    }
  }
  last.code = ErrorCode::unavailable;
  last.reason = reason::connection;
  return fail(std::move(last));
}

void Session::configure() {
  auto& session = state_->session;
  if (dialect_ == DialectKind::sqlite) {
    auto* connection = static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
    sqlite3_extended_result_codes(connection, 0);
    sqlite3_busy_timeout(connection, 10'000);
    std::string mode;
    session << "pragma journal_mode = wal", soci::into(mode);
    session << "pragma synchronous = full";
    session << "pragma temp_store = memory";
    int overwritten = 0;
    session << "pragma secure_delete = on", soci::into(overwritten);  // what was deleted does not stay readable, neither in the page nor in one that is free
    return;
  }
  session << "set client_min_messages = warning";
  session << "set idle_in_transaction_session_timeout = " << milliseconds(patience_);
  session << "set synchronous_commit = on";
  session << "set jit = off";
  if (use_ == SessionUse::engine) {
    // Every statement of the engine goes by a key. Prepared plans made while the tables were small must not scan them later.
    session << "set plan_cache_mode = force_generic_plan";
    session << "set enable_seqscan = off";
    session << "set enable_hashjoin = off";
    session << "set enable_mergejoin = off";
  }
}

Result<void> Session::begin() {
  STELLWERK_CHECK(begin_plain());
  if (incarnation_.empty()) return {};
  auto held = hold_fence();
  if (!held) rollback();
  return held;
}

Result<void> Session::hold_fence() {
  STELLWERK_TRY(const auto held, rows("select incarnation from node_fence where incarnation = :incarnation {for key share}", "t", {{"incarnation", incarnation_}}));
  if (!held.empty()) return {};
  return fail(incarnation_ended(incarnation_));
}

Result<void> Session::begin_plain() {
  for (int attempt = 0;; ++attempt) {
    if (!state_) STELLWERK_CHECK(connect(5));
    auto begun = script(dialect_ == DialectKind::sqlite ? "begin immediate" : "begin");
    if (begun) {
      in_transaction_ = true;
      return {};
    }
    if (begun.error().reason != reason::connection || attempt > 0) return begun;
    monitoring::log_warning("database connection lost, connecting again");
    STELLWERK_CHECK(connect(5));
  }
}

Result<void> Session::commit() {
  auto done = script("commit");
  if (done) in_transaction_ = false;
  return done;
}

void Session::rollback() {
  if (!in_transaction_) return;
  in_transaction_ = false;
  // The transaction is gone as well when this fails because the connection is; on any other failure a fresh session is safest.
  if (!state_ || !script("rollback")) state_.reset();
}

Result<void> Session::script(const std::string& sql) {
  if (!state_) return fail(ErrorCode::unavailable, "no connection to the database", reason::connection);
  try {
    state_->session << sql;
    return {};
  } catch (const std::exception& error) {
    return fail(translate(error));
  }
}

Session::Prepared& Session::prepare(const std::string& sql, std::string_view types, std::span<const Parameter> parameters) {
  if (const auto found = state_->prepared.find(sql); found != state_->prepared.end()) return *found->second;
  auto made = std::make_unique<Prepared>(state_->session);
  made->in.resize(parameters.size());
  made->out.resize(types.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto& slot = made->in[i];
    slot.type = std::holds_alternative<std::int64_t>(parameters[i].second) ? 'i' : 't';
    if (slot.type == 'i') made->statement.exchange(soci::use(slot.number, slot.indicator, parameters[i].first));
    else made->statement.exchange(soci::use(slot.text, slot.indicator, parameters[i].first));
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    auto& slot = made->out[i];
    slot.type = types[i];
    if (slot.type == 'i') made->statement.exchange(soci::into(slot.number, slot.indicator));
    else made->statement.exchange(soci::into(slot.text, slot.indicator));
  }
  made->statement.alloc();
  made->statement.prepare(expand_sql(dialect_, sql));
  made->statement.define_and_bind();
  return *state_->prepared.emplace(sql, std::move(made)).first->second;
}

Result<std::vector<Row>> Session::run_prepared(const std::string& sql, std::string_view types, std::span<const Parameter> parameters, std::int64_t* affected) {
  if (!state_) return fail(ErrorCode::unavailable, "no connection to the database", reason::connection);
  try {
    auto& prepared = prepare(sql, types, parameters);
    for (std::size_t i = 0; i < parameters.size(); ++i) prepared.in[i].set(parameters[i].second);
    std::vector<Row> rows;
    for (bool more = prepared.statement.execute(true); more && !types.empty(); more = prepared.statement.fetch()) {
      Row row;
      row.reserve(types.size());
      for (const auto& slot : prepared.out) row.push_back(slot.get());
      rows.push_back(std::move(row));
    }
    if (affected != nullptr) *affected = prepared.statement.get_affected_rows();
    return rows;
  } catch (const std::exception& error) {
    auto translated = translate(error);
    state_->prepared.erase(sql);  // whatever state it is in, it is prepared again
    return fail(std::move(translated));
  }
}

Result<std::vector<Row>> Session::rows(const std::string& sql, std::string_view types, std::span<const Parameter> parameters) {
  auto result = run_prepared(sql, types, parameters, nullptr);
  if (result || in_transaction_ || result.error().reason != reason::connection) return result;
  STELLWERK_CHECK(connect(5));
  return run_prepared(sql, types, parameters, nullptr);
}

Result<void> Session::check_fenced() const {
  if (in_transaction_ || incarnation_.empty()) return {};
  return fail(ErrorCode::internal, "a node writes outside of a transaction, where no fence holds");
}

Result<std::int64_t> Session::execute(const std::string& sql, std::initializer_list<Parameter> parameters) {
  STELLWERK_CHECK(check_fenced());
  std::int64_t affected = 0;
  STELLWERK_CHECK(run_prepared(sql, "", {parameters.begin(), parameters.size()}, &affected));
  return affected;
}

Result<std::vector<std::string>> Session::run(const Bulk& bulk, std::span<const Row> rows) {
  std::vector<std::string> returned;
  if (rows.empty()) return returned;
  STELLWERK_CHECK(check_fenced());
  const auto collect = [&](std::vector<Row>&& found) {
    for (auto& row : found) returned.push_back(std::get<std::string>(std::move(row[0])));
  };
  const auto& columns = bulk.columns.all();
  const auto sql = [&] {  // {rows} itself is filled in here; the other placeholders when it is prepared
    auto text = bulk.sql;
    const std::string_view name = "{rows}";
    text.replace(text.find(name), name.size(), rows_relation(dialect_, bulk.columns));
    return text;
  }();
  const std::string_view types = bulk.returning() ? "t" : "";
  if (dialect_ == DialectKind::sqlite) {
    std::vector<Parameter> parameters(columns.size());
    for (const auto& row : rows) {
      STELLWERK_ASSERT(row.size() == columns.size(), "a row of another width");
      for (std::size_t i = 0; i < columns.size(); ++i) parameters[i] = {columns[i].name.c_str(), row[i]};
      STELLWERK_TRY(auto found, run_prepared(sql, types, parameters, nullptr));
      collect(std::move(found));
    }
    return returned;
  }
  std::string json = "[";
  for (const auto& row : rows) {
    STELLWERK_ASSERT(row.size() == columns.size(), "a row of another width");
    json += json.size() == 1 ? "{" : ",{";
    for (std::size_t i = 0; i < columns.size(); ++i) {
      json.append(i == 0 ? "\"" : ",\"").append(columns[i].name).append("\":");
      if (const auto* number = std::get_if<std::int64_t>(&row[i])) json += std::to_string(*number);
      else if (const auto* text = std::get_if<std::string>(&row[i]); text == nullptr) json += "null";
      else if (columns[i].type == 'j') json += *text;
      else append_json_string(json, *text);
    }
    json += '}';
  }
  json += ']';
  const Parameter parameter{"rows", std::move(json)};
  STELLWERK_TRY(auto found, run_prepared(sql, types, {&parameter, 1}, nullptr));
  collect(std::move(found));
  return returned;
}

}  // namespace stellwerk::storage
