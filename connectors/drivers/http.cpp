// HTTP over curl's multi interface: one thread that owns every handle, fed through an inbox.
#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "connectors/drivers/curl_transfer.hpp"
#include "core/result.hpp"

namespace stellwerk::connectors {
namespace {

/// Once per process, before any thread uses curl; never undone, since other drivers may live on.
void initialise_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

class HttpDriver final : public Driver {
 public:
  HttpDriver() {
    initialise_curl();
    multi_ = curl_multi_init();
    STELLWERK_ASSERT(multi_ != nullptr, "the HTTP library cannot start: out of memory or file descriptors");
    // connections that are kept; more may be open at a time
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 64L);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  ~HttpDriver() override {
    stop();
    if (thread_.joinable()) thread_.join();
    curl_multi_cleanup(multi_);
  }
  HttpDriver(const HttpDriver&) = delete;
  HttpDriver& operator=(const HttpDriver&) = delete;

  void send(DriverRequest request, std::function<void(DriverResponse)> done) override {
    auto transfer = std::make_unique<CurlTransfer>(std::move(request), std::move(done));
    {
      const std::lock_guard lock{mutex_};
      if (!closed_) {
        inbox_.push_back(std::move(transfer));
        curl_multi_wakeup(multi_);
        return;
      }
    }
    transfer->finish_unsent("stopped", "the driver was stopped before");
  }

  void stop() override {
    thread_.request_stop();
    curl_multi_wakeup(multi_);
    // a callback may stop the driver; its own thread cannot wait for itself
    const std::lock_guard lock{joining_};
    if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      take_inbox();
      int running = 0;
      curl_multi_perform(multi_, &running);
      finish_done();
      curl_multi_poll(multi_, nullptr, 0, 1'000, nullptr);
    }
    std::vector<std::unique_ptr<CurlTransfer>> unsent;
    {
      const std::lock_guard lock{mutex_};
      closed_ = true;
      unsent.swap(inbox_);
    }
    for (auto& transfer : std::exchange(running_, {})) {
      curl_multi_remove_handle(multi_, transfer->handle());
      transfer->finish_stopped();
    }
    for (auto& transfer : unsent) transfer->finish_stopped();
  }

  void take_inbox() {
    std::vector<std::unique_ptr<CurlTransfer>> taken;
    {
      const std::lock_guard lock{mutex_};
      taken.swap(inbox_);
    }
    for (auto& transfer : taken) {
      if (!transfer->may_leave()) {
        transfer->finish_withheld();
        continue;
      }
      if (!transfer->prepare() || curl_multi_add_handle(multi_, transfer->handle()) != CURLM_OK) {
        transfer->finish_unsent("request", "the HTTP library does not take the request");
        continue;
      }
      running_.push_back(std::move(transfer));
    }
  }

  void finish_done() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const handle = message->easy_handle;
      const auto result = message->data.result;  // the message dies with the handle's removal
      const auto found = std::find_if(running_.begin(), running_.end(), [&](const auto& transfer) { return transfer->handle() == handle; });
      curl_multi_remove_handle(multi_, handle);
      if (found == running_.end()) continue;
      const auto transfer = std::move(*found);
      running_.erase(found);
      transfer->finish(result);
    }
  }

  CURLM* multi_ = nullptr;
  std::mutex mutex_;  ///< guards inbox_ and closed_
  std::vector<std::unique_ptr<CurlTransfer>> inbox_;
  bool closed_ = false;
  std::vector<std::unique_ptr<CurlTransfer>> running_;  ///< of the driver's thread
  std::mutex joining_;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Driver> make_http_driver() { return std::make_unique<HttpDriver>(); }

}  // namespace stellwerk::connectors
