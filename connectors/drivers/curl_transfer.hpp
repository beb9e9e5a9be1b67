#pragma once
// One HTTP exchange on a curl handle. Used by one thread. Internal to drivers/.

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "connectors/driver.hpp"
#include "connectors/drivers/certificate_pin.hpp"

namespace stellwerk::connectors {

class CurlTransfer {
 public:
  CurlTransfer(DriverRequest request, std::function<void(DriverResponse)> done);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  /// False when the request cannot be made at all; then finish_unsent() ends it.
  [[nodiscard]] bool prepare();
  [[nodiscard]] CURL* handle() const { return handle_; }

  /// Whether this node may still act.
  [[nodiscard]] bool may_leave() const;

  /// Each ends the exchange and calls back once.
  void finish(CURLcode result);
  void finish_withheld();
  void finish_unsent(const std::string& code, const std::string& text);
  /// The driver stops: it may have arrived, unless it was never begun.
  void finish_stopped();

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_connected(void* self, char* primary_ip, char* local_ip, int primary_port, int local_port);
  static CURLcode on_tls_context(CURL* handle, void* context, void* self);
  void set_method();
  void read_header(std::string_view line);
  void fail(DriverResponse::Failure failure, std::string code, std::string text);
  [[nodiscard]] bool changes() const { return request_.method != "GET" && request_.method != "HEAD"; }

  DriverRequest request_;
  std::function<void(DriverResponse)> done_;
  DriverResponse response_;
  CURL* handle_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::optional<Fingerprint> pin_;
  std::string unsendable_;     ///< why prepare() failed
  int connected_ = 0;          ///< times a connection was ready to take the request
  bool wrong_server_ = false;  ///< the connection's certificate is not the pinned one
  bool withheld_ = false;      ///< the lease was over when the connection stood
  bool too_big_ = false;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace stellwerk::connectors
