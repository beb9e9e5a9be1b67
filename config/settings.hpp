#pragma once
// The settings of the server. Each is declared once, in settings.cpp: name, type, default, bounds, unit, one sentence.

#include <map>
#include <string>
#include <vector>

#include "config/secret.hpp"
#include "config/yaml.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace stellwerk::config {

struct HttpSettings {
  std::string listen = "127.0.0.1:8080";
  int threads = 2;
  int max_connections = 10'000;
  std::int64_t max_head_bytes = 16 * 1024;
  std::int64_t max_body_bytes = 1024 * 1024;
  Duration header_timeout = std::chrono::seconds{10};
  Duration body_timeout = std::chrono::seconds{30};
  Duration idle_timeout = std::chrono::seconds{60};
  Duration answer_timeout = std::chrono::seconds{75};
  Duration drain_timeout = std::chrono::seconds{10};
};

/// How much one actor may keep and one decision may do.
struct LimitSettings {
  std::int64_t attributes = 64 * 1024;
  std::int64_t event = 32 * 1024;
  std::int64_t result = 32 * 1024;
  std::int64_t vendor_text = 16 * 1024;
  int messages = 64;
  int timers = 32;
  int depth = 64;
  int steps = 100;
  int deferred = 64;
};

struct Settings {
  HttpSettings http;
  std::string data_dir = "/var/lib/stellwerk";
  Secret database_url;                 ///< empty: sqlite:<data.dir>/stellwerk.db; may hold a password
  std::string master_key_file;         ///< empty: <data.dir>/master.key
  std::string signing_key_file;        ///< empty: <data.dir>/signing.key
  std::string log_level = "info";
  std::string metrics_allow = "127.0.0.0/8,::1/128";
  int engine_threads = 2;              ///< scheduler threads of the actors
  int reader_sessions = 4;             ///< database sessions for queries
  Duration passivate_after = std::chrono::seconds{60};
  int in_flight_per_server = 8;
  int in_flight_per_tenant = 256;      ///< attempts of one tenant under way at once, whatever the server
  int in_flight_per_operation = 128;   ///< … of one operation
  int pending_commands = 10'000;       ///< above: 503 with Retry-After; half of them may be of one tenant
  int queue = 100'000;                 ///< attempts in hand, waiting or under way; above: what would begin more is refused at the edge
  int queue_per_server = 20'000;
  int queue_per_tenant = 50'000;
  int queue_per_operation = 80'000;
  int actors_in_memory = 20'000;       ///< above: an actor that has nothing to do leaves memory at once
  LimitSettings limits;
  Duration lease = std::chrono::seconds{15};  ///< silent for so long, the node may be replaced by another one
  bool standby = true;                 ///< wait while another node holds the database; else refuse to start
  std::string library_dirs;            ///< colon separated overlays of the shipped library
  std::string tenant_zone = "UTC";     ///< IANA name: dates and periods of workflows reckon in it
  Duration automation_time = std::chrono::hours{6};  ///< local time of day at which dates and periods fire
  int guard_percent = 2;               ///< the mass-action guard: of the live actors of a kind …
  int guard_floor = 20;                ///< … but at least so many …
  Duration guard_window = std::chrono::minutes{10};  ///< … may go within this span before a person is asked
  Duration guard_downtime = std::chrono::hours{6};   ///< after more, the first of each kind asks
  std::string backup_dir;  ///< empty: <data.dir>/backups
  Duration retention_journal = std::chrono::hours{24 * 1'096};    ///< after the actor is final
  Duration retention_incidents = std::chrono::hours{24 * 400};    ///< after they are closed
  Duration retention_audit = std::chrono::hours{24 * 3'653};
  Duration retention_idempotency = std::chrono::hours{24 * 7};
  Duration retention_outbox = std::chrono::hours{24 * 400};
  int retention_rows_per_second = 2'000;
  bool sandbox_enabled = false;        ///< the demo clock may be moved through the API; never in production
  std::string sandbox_control;         ///< base URL of the provider sandbox whose clock follows ours
};

/// One declaration, as `stellwerk config reference` prints it.
struct SettingInfo {
  std::string name;           ///< "http.listen"; in the environment STELLWERK_HTTP__LISTEN
  std::string type;           ///< text, integer, duration, time of day, bytes, boolean, secret
  std::string default_value;  ///< as one would write it
  std::string bounds;         ///< "1..1024", "" when none
  std::string unit;
  std::string sentence;
};
[[nodiscard]] const std::vector<SettingInfo>& setting_reference();
/// The reference as Markdown table.
[[nodiscard]] std::string render_reference();

/// Defaults, then the file (nested maps: `http: { listen: … }`), then the environment (STELLWERK_HTTP__LISTEN, or …_FILE for a secret).
/// Returns every problem: unknown key (with the closest known one), wrong type, out of bounds, with file:line:column or the variable's name.
[[nodiscard]] tl::expected<Settings, std::vector<Problem>> load_settings(const std::string& file_name, const std::string& file_text,
                                                                         const std::map<std::string, std::string>& environment);

/// Which file to read: `explicit_path`, else $STELLWERK_CONFIG, else /etc/stellwerk/stellwerk.yaml if it exists, else "".
[[nodiscard]] std::string settings_path(const std::string& explicit_path, const std::map<std::string, std::string>& environment);

}  // namespace stellwerk::config
