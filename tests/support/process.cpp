#include "tests/support/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

extern char** environ;

namespace stellwerk::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

[[noreturn]] void give_up(const std::string& doing, int error) {
  throw std::runtime_error(fmt::format("cannot {}: {}", doing, std::strerror(error)));
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::string name{text.substr(0, text.find('='))};
    if (!text.starts_with("STELLWERK_") && !added.contains(name)) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

int remaining(steady_clock::time_point end) {
  const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

/// Wakes when a file in the folder is written.
class FolderWatch {
 public:
  explicit FolderWatch(const std::string& folder) : fd_{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)} {
    if (fd_ < 0 || ::inotify_add_watch(fd_, folder.c_str(), IN_MODIFY) < 0) give_up("watch " + folder, errno);
  }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  ~FolderWatch() { ::close(fd_); }
  [[nodiscard]] int fd() const { return fd_; }
  void drain() const {
    std::array<char, 4096> events{};
    while (::read(fd_, events.data(), events.size()) > 0) {
    }
  }

 private:
  int fd_;
};

}  // namespace

Process::Process(std::vector<std::string> argv, ProcessOptions options) : argv_{std::move(argv)} {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, folder_.file("out").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, folder_.file("err").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (!options.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  auto environment = merged_environment(options.environment);
  auto arguments = argv_;
  const int error = ::posix_spawnp(&pid_, arguments.at(0).c_str(), &actions, nullptr, pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) give_up("start " + argv_.at(0), error);
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) {
    const int cause = errno;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    give_up("watch the process " + argv_.at(0), cause);
  }
}

Process::~Process() {
  if (!exit_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(pidfd_);
}

void Process::kill(int signal) {
  if (!exit_ && ::kill(pid_, signal) != 0) give_up(fmt::format("send signal {} to {}", signal, argv_.at(0)), errno);
}

std::optional<Exit> Process::wait_for(milliseconds deadline) {
  const auto end = steady_clock::now() + deadline;
  while (!exit_) {
    pollfd ready{pidfd_, POLLIN, 0};
    const int count = ::poll(&ready, 1, remaining(end));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) give_up("wait for " + argv_.at(0), errno);
    if (count == 0) return std::nullopt;
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_) give_up("collect " + argv_.at(0), errno);
    exit_ = WIFSIGNALED(status) ? Exit{-1, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
  }
  return exit_;
}

Exit Process::wait(milliseconds deadline) {
  if (auto ended = wait_for(deadline)) return *ended;
  kill(SIGKILL);
  (void)wait_for(std::chrono::seconds{10});
  throw std::runtime_error(fmt::format("{} did not end within {} ms\nstdout:\n{}\nstderr:\n{}", fmt::join(argv_, " "), deadline.count(),
                                       standard_output(), standard_error()));
}

std::string Process::standard_output() const { return read_text(folder_.file("out")); }
std::string Process::standard_error() const { return read_text(folder_.file("err")); }

std::optional<std::string> Process::find_line(const std::string& text) const {
  for (const auto& output : {standard_output(), standard_error()}) {
    const auto at = output.find(text);
    if (at == std::string::npos) continue;
    const auto end = output.find('\n', at);
    if (end == std::string::npos) continue;  // the rest of the line is still to come
    const auto before = at == 0 ? std::string::npos : output.rfind('\n', at - 1);
    const auto begin = before == std::string::npos ? 0 : before + 1;
    return output.substr(begin, end - begin);
  }
  return std::nullopt;
}

std::string Process::wait_for_line(const std::string& text, milliseconds deadline) {
  const auto end = steady_clock::now() + deadline;
  const FolderWatch watch{folder_.path().string()};
  for (;;) {
    watch.drain();
    const bool has_ended = !is_running();  // asked before the output is read: what it wrote last counts
    if (auto line = find_line(text)) return *line;
    const bool is_late = steady_clock::now() >= end;
    if (has_ended || is_late)
      throw std::runtime_error(fmt::format("{} {} without writing '{}'\nstdout:\n{}\nstderr:\n{}", fmt::join(argv_, " "),
                                           has_ended ? "ended" : "ran on", text, standard_output(), standard_error()));
    std::array<pollfd, 2> ready{{{watch.fd(), POLLIN, 0}, {pidfd_, POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), remaining(end)) < 0 && errno != EINTR) give_up("wait for output", errno);
  }
}

std::string run_program(std::vector<std::string> argv, ProcessOptions options, milliseconds deadline) {
  const auto shown = fmt::format("{}", fmt::join(argv, " "));
  Process process{std::move(argv), std::move(options)};
  const auto [code, signal] = process.wait(deadline);
  if (code != 0)
    throw std::runtime_error(fmt::format("{} ended with code {} signal {}\nstdout:\n{}\nstderr:\n{}", shown, code, signal, process.standard_output(),
                                         process.standard_error()));
  return process.standard_output();
}

std::string read_text(const std::string& path) {
  const std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return text.str();
}

}  // namespace stellwerk::testing
