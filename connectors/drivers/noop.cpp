// A driver that reaches nobody: it notes the key of the attempt and answers at once.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "connectors/driver.hpp"

namespace stellwerk::connectors {
namespace {

class NoopDriver final : public Driver {
 public:
  explicit NoopDriver(const std::string& path) {
    if (path.empty()) return;
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0) trouble_ = path + ": " + std::strerror(errno);
  }
  ~NoopDriver() override {
    if (file_ >= 0) ::close(file_);
  }
  NoopDriver(const NoopDriver&) = delete;
  NoopDriver& operator=(const NoopDriver&) = delete;

  void send(DriverRequest request, std::function<void(DriverResponse)> done) override {
    if (request.may_leave && !request.may_leave()) return done(withheld_response());
    DriverResponse response;
    if (const auto trouble = note(request.key); !trouble.empty()) {
      response.failure = DriverResponse::Failure::not_sent;
      response.failure_code = "file";
      response.failure_text = trouble;
    } else {
      response.status = 200;
      response.reason = "OK";
      response.body = "{}";
    }
    done(std::move(response));
  }

  void stop() override {}

 private:
  /// One write(2) in append mode: whole lines, even when several processes share the file.
  std::string note(const std::string& key) const {
    if (!trouble_.empty()) return trouble_;
    if (file_ < 0 || key.empty()) return {};
    const auto line = key + '\n';
    ssize_t written = 0;
    do {
      written = ::write(file_, line.data(), line.size());
    } while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(line.size())) return {};
    return written < 0 ? std::string{std::strerror(errno)} : std::string{"the disk is full"};
  }

  int file_ = -1;
  std::string trouble_;
};

}  // namespace

std::unique_ptr<Driver> make_noop_driver(const std::string& path) { return std::make_unique<NoopDriver>(path); }

}  // namespace stellwerk::connectors
