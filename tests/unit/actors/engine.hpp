#pragma once
// A whole engine of one test: SQLite in a scratch folder, a scripted driver, and calls that wait for their answer.

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "actors/system.hpp"
#include "core/embedded.hpp"
#include "storage/session.hpp"
#include "monitoring/metrics.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/actors/scripted_driver.hpp"
#include "tests/unit/actors/workflows.hpp"

namespace stellwerk::testing {

constexpr auto deadline = std::chrono::seconds{20};

template <class T>
T must(Result<T> result) {
  if (!result) BOOST_FAIL(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Calls `ask` with a callback and waits for it.
template <class T>
Result<T> wait_for(const std::function<void(std::function<void(Result<T>)>)>& ask) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  ask([promise](Result<T> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(deadline) != std::future_status::ready) BOOST_FAIL("nobody answered");
  return future.get();
}

class Engine {
 public:
  config::Settings settings;
  std::shared_ptr<ScriptedDriver> driver = std::make_shared<ScriptedDriver>();
  TenantId tenant = make_id<TenantId>("ten");
  ServerId server = make_id<ServerId>("srv");
  std::vector<std::pair<std::string, std::string>> extra_library;  ///< beside test_library()

  Engine() {
    settings.engine_threads = 2;
    settings.reader_sessions = 2;
    settings.sandbox_enabled = true;
    database_ = must(storage::open_database(config::Secret{"sqlite:" + folder_.file("engine.db")}));
    must(database_->migrate());
    put_server("north");
  }

  void start() {
    actors::SystemOptions options{.settings = settings, .database = database_, .key = {}, .tenant = tenant, .shipped = test_library(), .drivers = {{"noop", driver}, {"http", driver}},
                                  .on_fatal = [](const std::string& why) { BOOST_ERROR("fatal: " + why); }};
    options.shipped.insert(options.shipped.end(), extra_library.begin(), extra_library.end());
    for (const auto& file : embedded_files())
      if (file.path.ends_with(".yaml") && file.path.find("/library/") != std::string_view::npos) options.shipped.emplace_back(file.path, file.text);
    system_ = must(actors::System::start(std::move(options)));
  }
  void stop() { system_->stop(); }
  void restart() {
    system_.reset();
    start();
  }
  [[nodiscard]] actors::Client& client() { return system_->client(); }
  [[nodiscard]] std::unique_ptr<storage::Store> open_store() { return must(database_->open_store()); }
  [[nodiscard]] const std::shared_ptr<storage::SqlDatabase>& database() const { return database_; }
  [[nodiscard]] std::string file() const { return folder_.file("engine.db"); }
  /// Every byte of the database and its log.
  [[nodiscard]] std::string files() const {
    std::string all;
    for (const char* name : {"engine.db", "engine.db-wal"}) {
      std::ifstream file{folder_.file(name), std::ios::binary};
      all.append(std::istreambuf_iterator<char>{file}, {});
    }
    return all;
  }
  /// Changes the record behind the engine's back.
  void sql(const std::string& statement) {
    storage::Session session{storage::DialectKind::sqlite, config::Secret{folder_.file("engine.db")}, storage::SessionUse::reader};
    must(session.connect(1));
    must(session.script(statement));
  }
  /// The first cell of the answer, a text.
  std::string ask_sql(const std::string& query) {
    storage::Session session{storage::DialectKind::sqlite, config::Secret{folder_.file("engine.db")}, storage::SessionUse::reader};
    must(session.connect(1));
    return std::get<std::string>(must(session.rows(query, "t")).at(0).at(0));
  }
  /// Facts of one type in the actor's journal, oldest first.
  std::vector<Json> facts(const ActorId& id, const std::string& type) {
    std::vector<Json> found;
    for (const auto& entry : read<std::vector<storage::JournalView>>([&](auto& records) { return records.journal(tenant, id, 0, 1'000); }))
      for (const auto& fact : entry.entries.as_array())
        if (text_of(fact, "type") == type) found.push_back(fact);
    return found;
  }

  void put_server(const std::string& name) {
    must(open_store()->put_server({.id = server, .tenant = tenant, .name = name, .connector = "crane", .pool = "default", .settings = JsonObject{{"harbour", name}}, .created_at = wall_now()}));
  }

  [[nodiscard]] actors::Caller staff() const { return {tenant, "usr_staff", "staff", ""}; }

  actors::CreateRequest creation(const std::string& kind, const std::string& workflow, Json attributes) const {
    static const std::map<std::string, std::string> prefixes{{"order", "ord"}, {"service", "svc"}, {"ticket", "tkt"}};
    return {.kind = kind, .prefix = prefixes.at(kind), .workflow = workflow, .attributes = std::move(attributes), .customer = "cus_1", .caller = staff(), .trace = {}, .idempotency = {}};
  }
  Result<actors::Answer> create(actors::CreateRequest request) {
    return wait_for<actors::Answer>([&](auto done) { client().create(request, done); });
  }
  ActorId create(const std::string& kind, const std::string& workflow, Json attributes = JsonObject{}) {
    return ActorId{text_of(must(create(creation(kind, workflow, std::move(attributes)))).body, "id")};
  }
  ActorId create_service(const std::string& workflow = "lifting") { return create("service", workflow, JsonObject{{"server", server.str()}}); }

  actors::CommandRequest order_of(const ActorId& actor, const std::string& command, Json payload = JsonObject{}) const {
    return {.actor = actor, .kind = "", .command = command, .payload = std::move(payload), .caller = staff(), .trace = {}, .idempotency = {}};
  }
  Result<actors::Answer> command(actors::CommandRequest request) {
    return wait_for<actors::Answer>([&](auto done) { client().command(request, done); });
  }
  Result<actors::Answer> command(const ActorId& actor, const std::string& name, Json payload = JsonObject{}) { return command(order_of(actor, name, std::move(payload))); }
  Result<actors::Answer> remedy(const IncidentId& incident, const std::string& what) {
    return wait_for<actors::Answer>([&](auto done) {
      client().remedy({.incident = incident, .remedy = what, .note = "seen to", .input = JsonObject{}, .output = JsonObject{}, .caller = staff(), .trace = {}}, done);
    });
  }

  /// Asks on a reader session.
  template <class T>
  T read(const std::function<Result<T>(storage::Directory&)>& ask) {
    std::optional<T> out;
    must(wait_for<Json>([&](auto done) {
      client().query([&](actors::Views& views) -> Result<Json> {
        STELLWERK_TRY(out, ask(views.records()));
        return Json{};
      }, done);
    }));
    return std::move(*out);
  }
  storage::ActorRow actor(const ActorId& id) {
    return read<std::optional<storage::ActorRow>>([&](auto& records) { return records.find_actor(tenant, id); }).value();
  }
  std::vector<storage::IncidentRow> incidents(const std::string& state = "open") {
    return read<std::vector<storage::IncidentRow>>([&](auto& records) { return records.list_incidents(tenant, state, {}); });
  }
  std::vector<storage::AttemptRow> attempts(const ActorId& id) {
    return read<std::vector<storage::AttemptRow>>([&](auto& records) -> Result<std::vector<storage::AttemptRow>> {
      STELLWERK_TRY(const auto runs, records.list_runs(tenant, id, {}));
      if (runs.empty()) return std::vector<storage::AttemptRow>{};
      return records.live_attempts(tenant, runs.front().id);
    });
  }

  /// Looks again until it holds.
  void until(const std::string& what, const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) BOOST_FAIL("in vain waited until " + what);
      std::this_thread::yield();
    }
  }
  void until_state(const ActorId& id, const std::string& state) {
    until(id.str() + " is " + state, [&] { return actor(id).state == state; });
  }
  void advance_clock(Duration span) {
    must(wait_for<Json>([&](auto done) { client().advance_clock(span, done); }));
  }

  /// The value of a metric without labels.
  static double metric(const std::string& name) {
    const auto text = monitoring::render_metrics();
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size() + 2));
  }

 private:
  ScratchFolder folder_{"engine"};
  std::shared_ptr<storage::SqlDatabase> database_;
  std::unique_ptr<actors::System> system_;
};

/// One that runs.
class RunningEngine : public Engine {
 public:
  RunningEngine() { start(); }
};

}  // namespace stellwerk::testing
