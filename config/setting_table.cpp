// Every setting, once.
#include "config/setting_table.hpp"

#include <fmt/format.h>

#include <cctype>
#include <type_traits>
#include <utility>

#include "config/setting_values.hpp"
#include "core/utf8.hpp"

namespace stellwerk::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

using Check = std::optional<Refusal> (*)(std::string_view);

Refusal wrong_value(std::string_view value, std::string_view what, std::string hint) {
  return {"SW901", fmt::format("'{}' is not {}", printable(value.substr(0, 80)), what), std::move(hint)};
}

Refusal out_of_bounds(std::string_view value, const std::string& bounds) {
  return {"SW902", fmt::format("{} is outside {}", printable(value.substr(0, 80)), bounds), fmt::format("write a value in {}", bounds)};
}

/// `field` is a function Settings& → T&; the default is what a fresh Settings holds there.
template <class Field>
Setting text(std::string name, Field field, Check check, std::string sentence) {
  Settings defaults;
  return {{std::move(name), "text", field(defaults), "", "", std::move(sentence)}, [=](Settings& settings, std::string_view value) {
            auto refusal = check(value);
            if (!refusal) field(settings) = value;
            return refusal;
          }};
}

template <class Field>
Setting secret(std::string name, Field field, Check check, std::string default_value, std::string sentence) {
  return {{std::move(name), "secret", std::move(default_value), "", "", std::move(sentence)}, [=](Settings& settings, std::string_view value) {
            auto refusal = check(value);
            if (!refusal) field(settings) = Secret{std::string{value}};
            return refusal;
          }};
}

template <class Field>
Setting number(std::string name, Field field, std::int64_t min, std::int64_t max, std::string unit, std::string sentence) {
  Settings defaults;
  const auto bounds = fmt::format("{}..{}", min, max);
  return {{std::move(name), "integer", std::to_string(field(defaults)), bounds, std::move(unit), std::move(sentence)},
          [=](Settings& settings, std::string_view value) -> std::optional<Refusal> {
            const auto parsed = parse_number(value, false);
            if (!parsed) return wrong_value(value, "a whole number", "");
            if (*parsed < min || *parsed > max) return out_of_bounds(value, bounds);
            field(settings) = static_cast<std::remove_cvref_t<decltype(field(settings))>>(*parsed);
            return std::nullopt;
          }};
}

template <class Field>
Setting size(std::string name, Field field, std::int64_t min, std::int64_t max, std::string sentence) {
  Settings defaults;
  const auto bounds = fmt::format("{}..{}", format_bytes(min), format_bytes(max));
  return {{std::move(name), "bytes", format_bytes(field(defaults)), bounds, "bytes", std::move(sentence)},
          [=](Settings& settings, std::string_view value) -> std::optional<Refusal> {
            const auto parsed = parse_number(value, true);
            if (!parsed) return wrong_value(value, "a number of bytes", "write for example 65536, 64KiB or 1MiB");
            if (*parsed < min || *parsed > max) return out_of_bounds(value, bounds);
            field(settings) = *parsed;
            return std::nullopt;
          }};
}

template <class Field>
Setting time_span(std::string name, Field field, Duration min, Duration max, std::string sentence) {
  Settings defaults;
  const auto bounds = fmt::format("{}..{}", format_duration(min), format_duration(max));
  return {{std::move(name), "duration", format_duration(field(defaults)), bounds, "ISO 8601", std::move(sentence)},
          [=](Settings& settings, std::string_view value) -> std::optional<Refusal> {
            const auto parsed = parse_duration(value);
            if (!parsed) return wrong_value(value, "an ISO 8601 duration", "write for example PT10S for ten seconds or PT5M for five minutes");
            if (*parsed < min || *parsed > max) return out_of_bounds(value, bounds);
            field(settings) = *parsed;
            return std::nullopt;
          }};
}

template <class Field>
Setting time_of_day(std::string name, Field field, std::string sentence) {
  Settings defaults;
  return {{std::move(name), "time of day", format_time_of_day(field(defaults)), "00:00..23:59", "", std::move(sentence)},
          [=](Settings& settings, std::string_view value) -> std::optional<Refusal> {
            const auto parsed = parse_time_of_day(value);
            if (!parsed) return wrong_value(value, "a time of day", "write hours and minutes from 00:00 to 23:59, for example 06:00");
            field(settings) = *parsed;
            return std::nullopt;
          }};
}

template <class Field>
Setting flag(std::string name, Field field, std::string sentence) {
  Settings defaults;
  return {{std::move(name), "boolean", field(defaults) ? "true" : "false", "", "", std::move(sentence)},
          [=](Settings& settings, std::string_view value) -> std::optional<Refusal> {
            if (value != "true" && value != "false") return wrong_value(value, "a boolean", "write true or false");
            field(settings) = value == "true";
            return std::nullopt;
          }};
}

#define FIELD(member) \
  [](auto& settings) -> auto& { return settings.member; }

std::vector<Setting> declare() {
  return {
      text("http.listen", FIELD(http.listen), check_listen, "Address and port of the API and of /metrics; port 0 takes a free one"),
      number("http.threads", FIELD(http.threads), 1, 64, "threads", "Threads that read and write connections"),
      number("http.max_connections", FIELD(http.max_connections), 1, 1'000'000, "connections",
             "Open connections; above it new ones are closed at once"),
      size("http.max_head_bytes", FIELD(http.max_head_bytes), 1024, 1 << 20, "Longest request line with headers; above it 431"),
      size("http.max_body_bytes", FIELD(http.max_body_bytes), 1024, 64 << 20, "Longest request body; above it 413"),
      time_span("http.header_timeout", FIELD(http.header_timeout), milliseconds{100}, minutes{10},
                "How long a client may take to send the head of a request"),
      time_span("http.body_timeout", FIELD(http.body_timeout), milliseconds{100}, hours{1}, "How long a client may take to send a body"),
      time_span("http.idle_timeout", FIELD(http.idle_timeout), milliseconds{100}, hours{1},
                "How long a connection may be silent between two requests"),
      time_span("http.answer_timeout", FIELD(http.answer_timeout), milliseconds{100}, minutes{10},
                "How long the answer to a request may take; above it 503, outcome unknown"),
      time_span("http.drain_timeout", FIELD(http.drain_timeout), milliseconds{0}, minutes{10},
                "How long requests in progress may take to finish at shutdown"),
      text("data.dir", FIELD(data_dir), check_not_empty, "Folder of the key files and of the embedded database"),
      secret("database.url", FIELD(database_url), check_database, "sqlite:<data.dir>/stellwerk.db",
             "sqlite:FILE, or postgresql://user@host/name for production"),
      text("master_key_file", FIELD(master_key_file), check_nothing, "File of the key that seals secrets at rest; empty: <data.dir>/master.key"),
      text("signing_key_file", FIELD(signing_key_file), check_nothing, "File of the key that signs tokens; empty: <data.dir>/signing.key"),
      text("log.level", FIELD(log_level), check_level, "Lowest level that is written: debug, info, warning or error"),
      text("metrics.allow", FIELD(metrics_allow), check_networks, "Networks that may read /metrics, with commas between them"),
      number("engine.threads", FIELD(engine_threads), 1, 256, "threads", "Threads that run actors"),
      number("engine.reader_sessions", FIELD(reader_sessions), 1, 64, "sessions", "Database sessions for queries"),
      time_span("engine.passivate_after", FIELD(passivate_after), milliseconds{100}, hours{24 * 30}, "Idle time after which an actor leaves memory"),
      number("engine.in_flight_per_server", FIELD(in_flight_per_server), 1, 256, "attempts",
             "Attempts in flight per server unless its connector says less"),
      number("engine.pending_commands", FIELD(pending_commands), 1, 1'000'000, "commands",
             "Commands waiting for their commit; above it 503 with Retry-After, above half of it for one tenant 429"),
      number("engine.in_flight_per_tenant", FIELD(in_flight_per_tenant), 1, 100'000, "attempts", "Attempts of one tenant in flight on this node"),
      number("engine.in_flight_per_operation", FIELD(in_flight_per_operation), 1, 100'000, "attempts", "Attempts at one operation in flight on this node"),
      number("engine.queue", FIELD(queue), 1, 10'000'000, "attempts", "Attempts waiting or in flight; above it what would begin a run is answered 503 with Retry-After"),
      number("engine.queue_per_server", FIELD(queue_per_server), 1, 10'000'000, "attempts", "Attempts waiting or in flight for one server; above it 503"),
      number("engine.queue_per_tenant", FIELD(queue_per_tenant), 1, 10'000'000, "attempts", "Attempts waiting or in flight of one tenant; above it 429"),
      number("engine.queue_per_operation", FIELD(queue_per_operation), 1, 10'000'000, "attempts", "Attempts waiting or in flight at one operation or action; above it 503"),
      number("engine.actors_in_memory", FIELD(actors_in_memory), 1, 10'000'000, "actors", "Actors in memory; above it one that has nothing to do leaves at once"),
      size("limits.attributes", FIELD(limits.attributes), 1024, 1 << 20, "All attributes of one actor; above it 422, or the step fails"),
      size("limits.event", FIELD(limits.event), 1024, 256 * 1024, "What a command, a message or a notice carries; above it 422, or an incident"),
      size("limits.result", FIELD(limits.result), 1024, 256 * 1024, "Result of one step; above it the run is held by an incident"),
      size("limits.vendor_text", FIELD(limits.vendor_text), 1024, 64 * 1024, "What a vendor says of an attempt; the rest is left out, and the text says how much"),
      number("limits.messages", FIELD(limits.messages), 1, 1'024, "messages", "Messages that one decision may send; as many notices, and as many new actors"),
      number("limits.timers", FIELD(limits.timers), 1, 256, "timers", "Timers that one decision may set"),
      number("limits.depth", FIELD(limits.depth), 1, 1'024, "messages", "Messages that may cause one another in a row; above it an incident at the receiver"),
      number("limits.steps", FIELD(limits.steps), 50, 10'000, "steps", "Steps and transitions of an actor without an event from outside; above it an incident"),
      number("limits.deferred", FIELD(limits.deferred), 1, 1'024, "events", "Events that may wait while an actor works; above it 429, or an incident"),
      time_span("engine.lease", FIELD(lease), milliseconds{1'000}, minutes{5},
                "How long a node may be silent before another one takes the database over; heartbeats are written every third of it"),
      flag("engine.standby", FIELD(standby), "Wait as standby while another node holds the PostgreSQL database; otherwise refuse to start"),
      text("library.dirs", FIELD(library_dirs), check_nothing,
           "Folders, with colons between them, whose files replace shipped ones of the same name"),
      text("tenant.zone", FIELD(tenant_zone), check_zone, "Time zone (IANA name) in which workflows reckon dates and periods"),
      time_of_day("tenant.automation_time", FIELD(automation_time), "Local time at which what is due on a day happens"),
      number("guard.percent", FIELD(guard_percent), 0, 100, "percent", "Share of the live actors of a kind that timers may destroy or shut out within guard.window"),
      number("guard.floor", FIELD(guard_floor), 0, 1'000'000, "actors", "So many may go within guard.window even where the share is less; more, and a person is asked"),
      time_span("guard.window", FIELD(guard_window), minutes{1}, hours{24}, "Span over which the mass-action guard counts"),
      time_span("guard.downtime", FIELD(guard_downtime), minutes{1}, hours{24 * 365}, "After a longer downtime a person is asked before the first timer of each kind destroys or shuts out"),
      text("backup.dir", FIELD(backup_dir), check_nothing, "Folder into which the running server makes backups; empty: <data.dir>/backups"),
      time_span("retention.journal", FIELD(retention_journal), hours{24 * 30}, hours{24 * 36'600}, "How long the journal and the runs of an actor stay after it is final"),
      time_span("retention.incidents", FIELD(retention_incidents), hours{24 * 30}, hours{24 * 36'600}, "How long closed incidents stay, with what the vendor said"),
      time_span("retention.audit", FIELD(retention_audit), hours{24 * 30}, hours{24 * 36'600}, "How long it is kept who saw which secret, and the journal of the tenant"),
      time_span("retention.idempotency", FIELD(retention_idempotency), hours{24}, hours{24 * 366}, "How long a repeated request finds its first answer"),
      time_span("retention.outbox", FIELD(retention_outbox), hours{24}, hours{24 * 36'600}, "How long notifications stay in the outbox"),
      number("retention.rows_per_second", FIELD(retention_rows_per_second), 1, 1'000'000, "rows", "So many rows a second are deleted at most"),
      flag("sandbox.enabled", FIELD(sandbox_enabled), "Lets the clock be moved through the API; never in production"),
      text("sandbox.control", FIELD(sandbox_control), check_base_url, "Base URL of the provider sandbox whose clock follows ours"),
  };
}

#undef FIELD

}  // namespace

const std::vector<Setting>& setting_table() {
  static const auto table = declare();
  return table;
}

std::string environment_name(std::string_view setting) {
  std::string name = "STELLWERK_";
  for (const char c : setting) {
    if (c == '.') name += "__";
    else name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

}  // namespace stellwerk::config
