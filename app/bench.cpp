// stellwerk bench w1: five durable no-op steps, started over HTTP, on a server process of its own; prints one JSON line.

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>

#include "app/accounts.hpp"
#include "app/commands.hpp"
#include "app/startup.hpp"
#include "connectors/driver.hpp"

extern char** environ;

namespace stellwerk::app {
namespace {

using Clock_ = std::chrono::steady_clock;

struct BenchOptions {
  std::string database;  ///< URL; empty: SQLite in the scratch folder
  int count = 5000;
  int concurrency = 128;
  int alone = 200;
};

constexpr std::string_view workflow = R"(language: 1
workflow: bench-w1
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
defaults:
  call: { on_server: self.server }
initial: working
states:
  working:
    status: active
    steps:
      - one:   { call: noop.step }
      - two:   { call: noop.step }
      - three: { call: noop.step }
      - four:  { call: noop.step }
      - five:  { call: noop.step }
    done:   { to: finished }
    failed: incident
  finished:
    status: terminated
    final: true
)";

/// The server under test, ended by its id when this goes.
class ServerProcess {
 public:
  ~ServerProcess() {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  Result<void> start(const std::string& scratch, const std::string& url) {
    std::vector<std::string> environment{"STELLWERK_DATA__DIR=" + scratch, "STELLWERK_DATABASE__URL=" + url, "STELLWERK_LIBRARY__DIRS=" + scratch + "/library",
                                         "STELLWERK_HTTP__LISTEN=127.0.0.1:0", "STELLWERK_LOG__LEVEL=warning", "STELLWERK_CONFIG=" + scratch + "/empty.yaml"};
    for (char** entry = environ; *entry != nullptr; ++entry)
      if (!std::string_view{*entry}.starts_with("STELLWERK_")) environment.emplace_back(*entry);
    std::vector<char*> env;
    for (auto& entry : environment) env.push_back(entry.data());
    env.push_back(nullptr);
    std::array<std::string, 4> arguments{"stellwerk", "serve", "--noop-file", scratch + "/keys"};
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) return fail(ErrorCode::internal, "cannot make a pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    const int failed = posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), env.data());
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    if (failed != 0) return fail(ErrorCode::unavailable, "cannot start the server process");
    std::string text;
    char c = 0;
    while (read(out[0], &c, 1) == 1 && c != '\n') text += c;
    close(out[0]);
    const auto space = text.rfind(' ');
    if (!text.starts_with("stellwerk: listening")) return fail(ErrorCode::unavailable, "the server process did not become ready: " + text);
    port_ = std::stoi(text.substr(space + 1));
    return {};
  }
  [[nodiscard]] int port() const { return port_; }
  /// User and system time so far.
  [[nodiscard]] double cpu_seconds() const {
    std::ifstream in{fmt::format("/proc/{}/stat", pid_)};
    std::string line;
    std::getline(in, line);
    std::istringstream fields{line.substr(line.rfind(')') + 2)};
    std::string skip;
    for (int i = 0; i < 11; ++i) fields >> skip;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  [[nodiscard]] double pss_mb() const {
    std::ifstream in{fmt::format("/proc/{}/smaps_rollup", pid_)};
    for (std::string line; std::getline(in, line);)
      if (line.starts_with("Pss:")) return std::stod(line.substr(4)) / 1024;
    return 0;
  }

 private:
  pid_t pid_ = 0;
  int port_ = 0;
};

/// Keeps `concurrency` requests under way until `count` have ended.
class ClosedLoop {
 public:
  ClosedLoop(connectors::Driver& driver, connectors::DriverRequest request, int count) : driver_{driver}, request_{std::move(request)}, count_{count} {}

  void run(int concurrency) {
    begin_ = Clock_::now();
    for (int i = 0; i < concurrency && started_ < count_; ++i) next();
    std::unique_lock lock{mutex_};
    ended_cv_.wait(lock, [this] { return ended_ == count_; });
    seconds_ = std::chrono::duration<double>(Clock_::now() - begin_).count();
    std::sort(millis_.begin(), millis_.end());
  }
  [[nodiscard]] double per_second() const { return count_ / seconds_; }
  [[nodiscard]] double quantile(double q) const { return millis_.empty() ? 0 : millis_[std::min(millis_.size() - 1, static_cast<std::size_t>(q * static_cast<double>(millis_.size())))]; }
  [[nodiscard]] int failed() const { return failed_; }
  [[nodiscard]] const std::string& first_failure() const { return first_failure_; }

 private:
  void next() {
    ++started_;
    const auto at = Clock_::now();
    driver_.send(request_, [this, at](const connectors::DriverResponse& response) {
      const bool good = response.status == 201 && response.body.find("\"finished\"") != std::string::npos;
      {
        const std::lock_guard lock{mutex_};
        millis_.push_back(std::chrono::duration<double, std::milli>(Clock_::now() - at).count());
        ++ended_;
        if (!good && failed_++ == 0) first_failure_ = fmt::format("{} {} {}", response.failure_text, response.status, response.body.substr(0, 300));
        if (ended_ == count_) ended_cv_.notify_one();
        if (started_ >= count_) return;
      }
      next();
    });
  }

  connectors::Driver& driver_;
  connectors::DriverRequest request_;
  int count_;
  int started_ = 0, ended_ = 0, failed_ = 0;
  std::string first_failure_;
  std::mutex mutex_;
  std::condition_variable ended_cv_;
  std::vector<double> millis_;
  Clock_::time_point begin_;
  double seconds_ = 0;
};

double own_cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/// Every key once, five per workflow.
std::pair<std::size_t, std::size_t> count_keys(const std::string& path) {
  std::ifstream in{path};
  std::set<std::string> unique;
  std::size_t lines = 0;
  for (std::string line; std::getline(in, line); ++lines) unique.insert(line);
  return {lines, unique.size()};
}

Result<connectors::DriverResponse> ask(connectors::Driver& driver, connectors::DriverRequest request) {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<connectors::DriverResponse> got;
  driver.send(std::move(request), [&](connectors::DriverResponse response) {
    const std::lock_guard lock{mutex};
    got = std::move(response);
    answered.notify_one();
  });
  std::unique_lock lock{mutex};
  answered.wait(lock, [&] { return got.has_value(); });
  if (got->failure != connectors::DriverResponse::Failure::none) return fail(ErrorCode::unavailable, got->failure_text);
  return std::move(*got);
}

struct Prepared {
  std::string email = "bench@example.com";
  std::string password;
  std::string server;
  std::string customer;
};

/// Account, server and customer, before the server process takes the database.
Result<Prepared> prepare(const std::string& url) {
  STELLWERK_TRY(auto database, storage::open_database(config::Secret{url}));
  STELLWERK_TRY([[maybe_unused]] const auto applied, database->migrate());
  STELLWERK_TRY(const auto tenant, tenant_of(*database));
  STELLWERK_TRY(auto directory, database->open_directory());
  STELLWERK_TRY(auto store, database->open_store());
  Prepared prepared{.email = fmt::format("bench-{}@example.com", format_id("b", make_uuid())), .password = config::random_token()};
  STELLWERK_TRY([[maybe_unused]] const auto nobody, add_account(*directory, tenant, {prepared.email, "Bench", "staff", prepared.password}));
  STELLWERK_TRY(prepared.customer, add_account(*directory, tenant, {"c-" + prepared.email, "Bench", "customer", config::random_token()}));
  const auto server = make_id<ServerId>("srv");
  STELLWERK_CHECK(store->put_server({.id = server, .tenant = tenant, .name = "noop", .connector = "noop", .pool = "bench", .settings = JsonObject{}, .created_at = wall_now()}));
  prepared.server = server.str();
  return prepared;
}

Result<void> w1(const BenchOptions& options, const std::string& scratch) {
  const auto url = options.database.empty() ? "sqlite:" + scratch + "/bench.db" : options.database;
  std::filesystem::create_directories(scratch + "/library/workflows");
  std::ofstream{scratch + "/library/workflows/bench-w1.yaml"} << workflow;
  std::ofstream{scratch + "/empty.yaml"} << "{}\n";
  STELLWERK_TRY(const auto prepared, prepare(url));
  ServerProcess server;
  STELLWERK_CHECK(server.start(scratch, url));
  const auto base = fmt::format("http://127.0.0.1:{}", server.port());
  auto driver = connectors::make_http_driver();
  const Json credentials = JsonObject{{"email", prepared.email}, {"password", prepared.password}};
  STELLWERK_TRY(const auto login, ask(*driver, {.method = "POST", .url = base + "/api/admin/login", .headers = {{"content-type", "application/json"}}, .body = dump_json(credentials)}));
  STELLWERK_TRY(const auto token, parse_json(login.body));
  const connectors::DriverRequest request{.method = "POST", .url = base + "/api/admin/services?wait=PT30S",
                                          .headers = {{"content-type", "application/json"}, {"authorization", "Bearer " + text_of(token, "token")}},
                                          .body = dump_json(JsonObject{{"workflow", "bench-w1"}, {"customer", prepared.customer}, {"attributes", {{"server", prepared.server}}}}),
                                          .timeout = std::chrono::seconds{60}};
  ClosedLoop warm{*driver, request, std::min(options.count / 10 + 1, 500)};
  warm.run(options.concurrency);
  if (warm.failed() > 0) return fail(ErrorCode::internal, "a workflow did not end: " + warm.first_failure());

  const double engine_before = server.cpu_seconds(), own_before = own_cpu();
  ClosedLoop loop{*driver, request, options.count};
  loop.run(options.concurrency);
  const double engine = server.cpu_seconds() - engine_before, own = own_cpu() - own_before;
  ClosedLoop alone{*driver, request, options.alone};
  alone.run(1);
  driver->stop();
  const auto [lines, unique] = count_keys(scratch + "/keys");
  const auto expected = 5 * static_cast<std::size_t>(std::min(options.count / 10 + 1, 500) + options.count + options.alone);
  const double thousands = options.count / 1000.0;
  fmt::print("{{\"bench\":\"w1\",\"database\":\"{}\",\"n\":{},\"concurrency\":{},\"wf_s\":{:.0f},\"steps_s\":{:.0f},\"p50_ms\":{:.2f},\"p99_ms\":{:.2f},\"alone_p50_ms\":{:.2f},"
             "\"alone_p99_ms\":{:.2f},\"engine_cpu_s_per_1000\":{:.3f},\"driver_cpu_s_per_1000\":{:.3f},\"engine_pss_mb\":{:.1f},\"failed\":{},\"keys_missing\":{},\"keys_twice\":{}}}\n",
             url.substr(0, url.find(':')), options.count, options.concurrency, loop.per_second(), 5 * loop.per_second(), loop.quantile(0.5), loop.quantile(0.99), alone.quantile(0.5),
             alone.quantile(0.99), engine / thousands, own / thousands, server.pss_mb(), loop.failed() + alone.failed(), expected - std::min(expected, unique), lines - unique);
  return {};
}

int run_w1(const BenchOptions& options) {
  std::string scratch = (std::filesystem::temp_directory_path() / "stellwerk-bench-XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr) return report({ErrorCode::unavailable, "cannot make a scratch folder"});
  const auto result = w1(options, scratch);
  std::error_code ec;
  std::filesystem::remove_all(scratch, ec);
  return result ? 0 : report(result.error());
}

}  // namespace

void add_bench(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("bench", "measure; see bench/README.md");
  command->require_subcommand(1);
  auto* sub = command->add_subcommand("w1", "five durable no-op steps per workflow, over HTTP; one JSON line");
  auto options = std::make_shared<BenchOptions>();
  sub->add_option("--database-url", options->database, "postgresql://… of an empty database; without it SQLite in a scratch folder");
  sub->add_option("--count", options->count, "workflows in the closed loop")->check(CLI::Range(1, 10'000'000))->capture_default_str();
  sub->add_option("--concurrency", options->concurrency, "workflows under way at once")->check(CLI::Range(1, 4096))->capture_default_str();
  sub->add_option("--alone", options->alone, "workflows one at a time, for the latency alone")->check(CLI::Range(1, 100'000))->capture_default_str();
  sub->callback([options, &exit_status] { exit_status = run_w1(*options); });
}

}  // namespace stellwerk::app
