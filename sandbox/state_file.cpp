#include "sandbox/state_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace stellwerk::sandbox {
namespace {

constexpr std::size_t max_line = 256u << 20;

tl::unexpected<Error> failed(std::string_view doing, const std::string& path) {
  return fail(ErrorCode::unavailable, fmt::format("cannot {} {}: {}", doing, path, std::strerror(errno)));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string render_line(const std::vector<Json>& records) {
  JsonArray line;
  for (const auto& record : records) line.push_back(record);
  return dump_json(line) + "\n";
}

/// A renamed file is durable once its folder is.
bool sync_folder(const std::string& path) {
  auto folder = std::filesystem::path{path}.parent_path().string();
  if (folder.empty()) folder = ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

}  // namespace

StateFile::StateFile(StateFile&& other) noexcept
    : path_{std::move(other.path_)},
      fd_{std::exchange(other.fd_, -1)},
      size_{other.size_},
      compact_size_{other.compact_size_},
      records_{std::move(other.records_)} {}

StateFile& StateFile::operator=(StateFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(compact_size_, other.compact_size_);
  std::swap(records_, other.records_);
  return *this;
}

StateFile::~StateFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<StateFile> StateFile::open(std::string path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return failed("open", path);
  StateFile file{std::move(path), fd};
  STELLWERK_CHECK(file.load());
  if (!sync_folder(file.path_)) return failed("sync the folder of", file.path_);
  return file;
}

Result<void> StateFile::load() {
  std::string text;
  std::array<char, 65'536> buffer;
  while (true) {
    const auto got = ::read(fd_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path_);
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const auto whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  if (whole < text.size() && ::ftruncate(fd_, static_cast<off_t>(whole)) != 0) return failed("truncate", path_);
  text.resize(whole);
  size_ = static_cast<std::int64_t>(whole);
  int line_number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    ++line_number;
    auto line = parse_json(std::string_view{text}.substr(at, end - at), max_line);
    if (!line || !line->is_array()) return fail(ErrorCode::malformed, fmt::format("{}:{}: not a line of a simulator's state", path_, line_number));
    for (auto& record : line->get_array()) records_.push_back(std::move(record));
    at = end + 1;
  }
  return {};
}

Result<void> StateFile::append(const std::vector<Json>& records) {
  const auto line = render_line(records);
  if (!write_all(fd_, line) || ::fdatasync(fd_) != 0) {
    auto error = failed("write", path_);
    // what was written in part must not become the beginning of the next line
    if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) return wrap(std::move(error).value(), fmt::format("{} holds half a line now", path_));
    return error;
  }
  size_ += static_cast<std::int64_t>(line.size());
  return {};
}

Result<void> StateFile::rewrite(const std::vector<Json>& records) {
  const auto temporary = path_ + ".new";
  const auto line = render_line(records);
  const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return failed("create", temporary);
  if (!write_all(fd, line) || ::fsync(fd) != 0 || std::rename(temporary.c_str(), path_.c_str()) != 0) {
    auto error = failed("write", temporary);
    ::close(fd);
    return error;
  }
  ::close(std::exchange(fd_, fd));
  size_ = compact_size_ = static_cast<std::int64_t>(line.size());
  if (!sync_folder(path_)) return failed("sync the folder of", path_);
  return {};
}

}  // namespace stellwerk::sandbox
