#include "config/key_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "config/sodium.hpp"

namespace stellwerk::config {
namespace {

constexpr std::size_t max_bytes = 4096;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_{fd} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

tl::unexpected<Error> failed(const std::string& path, std::string_view doing) {
  return fail(errno == EACCES || errno == EPERM ? ErrorCode::permission_denied : ErrorCode::unavailable,
              fmt::format("cannot {} the key file {}: {}", doing, path, std::strerror(errno)));
}

Result<Secret> read_key_file(const std::string& path, int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return failed(path, "inspect");
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::unavailable, fmt::format("the key file {} is not a regular file", path));
  if ((info.st_mode & 077) != 0)
    return fail(ErrorCode::permission_denied,
                fmt::format("the key file {} has mode {:04o}; others may read it: chmod 600 it", path, info.st_mode & 07777U));
  std::string text(max_bytes, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path, "read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  if (text.ends_with('\n')) text.pop_back();
  return Secret{std::move(text)};
}

/// Writes the whole file under a name of its own, then links it to `path`: nobody ever sees half a key, and a crash loses none.
Result<void> create_key_file(const std::string& path, const Secret& line) {
  const auto draft = fmt::format("{}.{}.new", path, random_token(6));
  const auto text = Secret{line.reveal() + "\n"};
  {
    const Descriptor file{::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!file.is_open()) return failed(path, "create");
    const auto written = ::write(file.get(), text.reveal().data(), text.reveal().size());
    if (written != static_cast<ssize_t>(text.reveal().size()) || ::fsync(file.get()) != 0) {
      auto error = failed(path, "write");
      ::unlink(draft.c_str());
      return error;
    }
  }
  const bool is_linked = ::link(draft.c_str(), path.c_str()) == 0;
  const bool is_taken = !is_linked && errno == EEXIST;  // another process was first; its key counts
  auto error = is_linked || is_taken ? Result<void>{} : Result<void>{failed(path, "create")};
  ::unlink(draft.c_str());
  if (!is_linked) return error;
  const auto folder = std::filesystem::path{path}.parent_path();
  const Descriptor directory{::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory.is_open() || ::fsync(directory.get()) != 0) return failed(path, "make durable");
  return {};
}

}  // namespace

Result<Secret> read_or_create_key_file(const std::string& path, const std::function<Secret()>& make) {
  for (const bool may_create : {true, false}) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.is_open()) return read_key_file(path, file.get());
    if (errno != ENOENT || !may_create) return failed(path, "open");
    STELLWERK_CHECK(create_key_file(path, make()));
  }
  return fail(ErrorCode::unavailable, fmt::format("the key file {} vanished while it was created", path));
}

}  // namespace stellwerk::config
