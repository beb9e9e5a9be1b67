#pragma once
// A child process of a test: started with its output in files, waited for with a deadline, never left behind.

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/scratch.hpp"

namespace stellwerk::testing {

struct ProcessOptions {
  std::map<std::string, std::string> environment;  ///< added to ours; ours without any STELLWERK_ variable
  std::string directory;                           ///< working directory; empty: ours
};

struct Exit {
  int code = -1;   ///< exit code, or -1 when a signal ended it
  int signal = 0;  ///< the signal, or 0
};

/// One thread at a time. Functions that cannot do what they say throw std::runtime_error: a test ends there.
class Process {
 public:
  /// `argv[0]` is searched in PATH unless it holds a '/'.
  explicit Process(std::vector<std::string> argv, ProcessOptions options = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  /// SIGKILL if it still runs.
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Sends `signal`; nothing happens when it has ended.
  void kill(int signal);
  /// Waits for the end; nothing when it still runs at the deadline.
  [[nodiscard]] std::optional<Exit> wait_for(std::chrono::milliseconds deadline);
  /// Like wait_for, but a process that still runs is killed and an exception thrown.
  Exit wait(std::chrono::milliseconds deadline = std::chrono::seconds{60});
  [[nodiscard]] bool is_running() { return !wait_for(std::chrono::milliseconds{0}); }

  /// What it wrote so far.
  [[nodiscard]] std::string standard_output() const;
  [[nodiscard]] std::string standard_error() const;
  /// Waits until standard output or standard error holds `text`; gives the line with it. Throws with both texts at the deadline or its end.
  std::string wait_for_line(const std::string& text, std::chrono::milliseconds deadline = std::chrono::seconds{60});

 private:
  [[nodiscard]] std::optional<std::string> find_line(const std::string& text) const;

  std::vector<std::string> argv_;
  ScratchFolder folder_{"process"};
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<Exit> exit_;
};

/// Runs a program to its end. Throws std::runtime_error with its output unless it exits with 0.
std::string run_program(std::vector<std::string> argv, ProcessOptions options = {}, std::chrono::milliseconds deadline = std::chrono::seconds{60});

/// A file's bytes; empty when there is none.
[[nodiscard]] std::string read_text(const std::string& path);

}  // namespace stellwerk::testing
