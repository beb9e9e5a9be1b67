#pragma once
// A real PostgreSQL server of one test: own data folder, free loopback port, stopped and removed at the end.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/scratch.hpp"

namespace stellwerk::testing {

/// fsync is off: processes are killed here, not the machine, and the kernel keeps what was written. A missing server is a failure,
/// never a skip. Functions throw std::runtime_error.
class TestPostgres {
 public:
  /// Starts it and creates the database `stellwerk`; returns when it takes connections.
  TestPostgres();
  TestPostgres(const TestPostgres&) = delete;
  TestPostgres& operator=(const TestPostgres&) = delete;
  ~TestPostgres();

  /// "postgresql://postgres@127.0.0.1:PORT/NAME"; the port stays the same over restarts.
  [[nodiscard]] std::string url(const std::string& database = "stellwerk") const;
  void create_database(const std::string& name);
  [[nodiscard]] int port() const { return port_; }

  /// Orderly, open connections are cut (SIGINT).
  void stop();
  /// As a power cut would: SIGKILL to the server process.
  void kill9();
  /// Starts it again after stop() or kill9(); ready on return.
  void start();
  void restart() { stop(), start(); }

 private:
  [[nodiscard]] std::vector<std::string> as_server_user(std::vector<std::string> argv) const;
  void launch();
  /// False: it ended, or `end` has come.
  [[nodiscard]] bool is_ready(std::chrono::steady_clock::time_point end);

  ScratchFolder folder_{"postgres"};
  std::string programs_;
  int port_ = 0;
  std::unique_ptr<Process> server_;
};

}  // namespace stellwerk::testing
