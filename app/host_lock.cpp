#include "app/host_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "core/id.hpp"

namespace stellwerk::app {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string{name.data()} : std::string{"localhost"};
}

}  // namespace

HostLock::~HostLock() { ::close(descriptor_); }

Result<std::shared_ptr<HostLock>> HostLock::take(const std::string& data_dir) {
  const auto path = data_dir + "/node.lock";
  const int descriptor = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(ErrorCode::unavailable, fmt::format("open the lock file {}: {}", path, std::strerror(errno)));
  const std::shared_ptr<HostLock> lock{new HostLock{descriptor}};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(ErrorCode::unavailable, fmt::format("lock {}: {}", path, std::strerror(errno)));
    return fail(ErrorCode::conflict, fmt::format("another process uses the data folder {} (it holds {}); stop it first, or give this node a data folder of its own (setting data.dir)", data_dir, path),
                "data_dir");
  }
  STELLWERK_TRY(const auto id, lock->folder_id(path));
  lock->name_ = fmt::format("{} ({})", host_name(), id);
  return lock;
}

Result<std::string> HostLock::folder_id(const std::string& path) const {
  struct stat about{};
  std::array<char, 128> text{};
  const auto got = ::pread(descriptor_, text.data(), text.size(), 0);
  if (got < 0 || ::fstat(descriptor_, &about) != 0) return fail(ErrorCode::unavailable, fmt::format("read {}: {}", path, std::strerror(errno)));
  // The file's own number stands behind the id: a copy of the folder has another one, and is another node.
  const auto number = fmt::format(" {}\n", about.st_ino);
  const std::string_view known{text.data(), static_cast<std::size_t>(got)};
  if (known.ends_with(number)) {
    std::string id{known.substr(0, known.size() - number.size())};
    if (parse_id(id)) return id;
  }
  // The first start in this folder, a copy, or one that died while it wrote.
  auto id = format_id("hst", make_uuid());
  const auto line = id + number;
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size()) || ::fsync(descriptor_) != 0)
    return fail(ErrorCode::unavailable, fmt::format("write {}: {}", path, std::strerror(errno)));
  return id;
}

}  // namespace stellwerk::app
