#include "storage/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

extern char** environ;

namespace stellwerk::storage {
namespace {

constexpr std::size_t most_words = 4'000;
constexpr int look_every_ms = 100;  ///< at `stop`

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> merged(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text{*entry};
    if (!environment.contains(text.substr(0, text.find('=')))) out.push_back(text);
  }
  for (const auto& [name, value] : environment) out.push_back(name + "=" + value);
  return out;
}

/// The end of what the child writes until it closes the pipe; asks it to end once when `stop` is requested.
std::string listen(int pipe, pid_t child, const std::stop_token& stop) {
  std::string words;
  bool told = false;
  std::array<char, 4096> piece{};
  for (;;) {
    if (stop.stop_requested() && !std::exchange(told, true)) ::kill(child, SIGTERM);
    pollfd wait{pipe, POLLIN, 0};
    if (::poll(&wait, 1, look_every_ms) == 0) continue;
    const auto length = ::read(pipe, piece.data(), piece.size());
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return words;
    words.append(piece.data(), static_cast<std::size_t>(length));
    if (words.size() > most_words) words.erase(0, words.size() - most_words);
  }
}

}  // namespace

Result<void> run_program(const std::string& program, const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment,
                         const std::stop_token& stop) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return fail(ErrorCode::unavailable, fmt::format("start {}: {}", program, std::strerror(errno)));
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, pipe[1], STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);  // the child may outlive us, and must not keep our port
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);  // this process blocks the signals by which the child has to end
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto variables = merged(environment);
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, program.c_str(), &files, &attributes, pointers(words).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  ::close(pipe[1]);
  if (problem != 0) {
    ::close(pipe[0]);
    return fail(ErrorCode::unavailable, fmt::format("start {}: {}; PostgreSQL's client programs must be installed and on the PATH", program, std::strerror(problem)));
  }
  auto said = listen(pipe[0], child, stop);
  ::close(pipe[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (stop.stop_requested()) return fail(ErrorCode::cancelled, fmt::format("{} was ended: this process ends", program));
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return fail(ErrorCode::unavailable, fmt::format("{} {}: {}", program, WIFEXITED(status) ? fmt::format("ended with status {}", WEXITSTATUS(status)) : fmt::format("was killed by signal {}", WTERMSIG(status)),
                                                  said.empty() ? "it says nothing" : said));
}

}  // namespace stellwerk::storage
