#include "connectors/drivers/curl_transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cctype>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

namespace stellwerk::connectors {
namespace {

using Failure = DriverResponse::Failure;

constexpr std::size_t max_body = 4 << 20;
constexpr std::size_t max_headers = 64 << 10;
constexpr Duration max_connect = std::chrono::seconds{10};

long milliseconds(Duration duration) { return static_cast<long>(std::max<Duration::rep>(1, duration.count() / 1000)); }

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Failures of the handshake: the request follows only after it.
bool is_tls(CURLcode result) {
  return result == CURLE_SSL_CONNECT_ERROR || result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CERTPROBLEM || result == CURLE_SSL_CIPHER ||
         result == CURLE_SSL_CACERT_BADFILE || result == CURLE_SSL_ISSUER_ERROR || result == CURLE_SSL_INVALIDCERTSTATUS || result == CURLE_USE_SSL_FAILED;
}

std::string code_of(CURLcode result) {
  if (is_tls(result)) return "tls";
  switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return "resolve";
    case CURLE_COULDNT_CONNECT: return "refused";
    case CURLE_OPERATION_TIMEDOUT: return "timeout";
    case CURLE_PARTIAL_FILE: return "truncated";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return "url";
    case CURLE_WEIRD_SERVER_REPLY: return "protocol";
    default: return "reset";
  }
}

}  // namespace

DriverResponse withheld_response() {
  DriverResponse response;
  response.failure = Failure::not_sent;
  response.failure_code = "lease";
  response.failure_text = "not sent: the lease of this node is over";
  return response;
}

CurlTransfer::CurlTransfer(DriverRequest request, std::function<void(DriverResponse)> done) : request_{std::move(request)}, done_{std::move(done)} {}

CurlTransfer::~CurlTransfer() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
}

bool CurlTransfer::prepare() {
  handle_ = curl_easy_init();
  if (handle_ == nullptr) return unsendable_ = "out of memory", false;
  if (!request_.pin.empty()) {
    pin_ = parse_fingerprint(request_.pin);
    if (!pin_) return unsendable_ = "the certificate's fingerprint is not a SHA-256 in hexadecimal", false;
    if (!request_.url.starts_with("https://")) return unsendable_ = "a certificate's fingerprint is set, but the address is not https", false;
  }
  const auto set = [this](auto option, auto value) { return curl_easy_setopt(handle_, option, value) == CURLE_OK; };
  bool good = set(CURLOPT_URL, request_.url.c_str()) && set(CURLOPT_PRIVATE, this) && set(CURLOPT_ERRORBUFFER, error_);
  good = good && set(CURLOPT_PROTOCOLS_STR, "http,https") && set(CURLOPT_PATH_AS_IS, 1L);
  good = good && set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) && set(CURLOPT_FOLLOWLOCATION, 0L);
  good = good && set(CURLOPT_PROXY, "") && set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_TCP_KEEPALIVE, 1L);
  good = good && set(CURLOPT_TIMEOUT_MS, milliseconds(request_.timeout)) && set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(std::min(request_.timeout, max_connect)));
  good = good && set(CURLOPT_HEADERFUNCTION, &on_header) && set(CURLOPT_HEADERDATA, this) && set(CURLOPT_WRITEFUNCTION, &on_body) && set(CURLOPT_WRITEDATA, this);
  good = good && set(CURLOPT_PREREQFUNCTION, &on_connected) && set(CURLOPT_PREREQDATA, this);
  if (pin_) {
    // the name in a self-signed certificate says nothing; its fingerprint says all
    good = good && set(CURLOPT_SSL_VERIFYHOST, 0L) && set(CURLOPT_SSL_CTX_FUNCTION, &on_tls_context) && set(CURLOPT_SSL_CTX_DATA, this);
  }
  std::vector<std::string> lines{"Expect:"};  // no waiting for "100 Continue"
  for (const auto& [name, value] : request_.headers) lines.push_back(value.empty() ? name + ";" : name + ": " + value);
  for (const auto& line : lines) {
    auto* longer = curl_slist_append(headers_, line.c_str());
    if (longer == nullptr) return unsendable_ = "out of memory", false;
    headers_ = longer;
  }
  good = good && set(CURLOPT_HTTPHEADER, headers_) && set(CURLOPT_USERAGENT, "stellwerk");
  if (!good) return unsendable_ = "the HTTP library refuses this request", false;
  set_method();
  return true;
}

void CurlTransfer::set_method() {
  const auto& method = request_.method;
  if (method == "HEAD") {
    curl_easy_setopt(handle_, CURLOPT_NOBODY, 1L);
  } else if (method == "GET" || (method == "DELETE" && request_.body.empty())) {
    curl_easy_setopt(handle_, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(handle_, CURLOPT_POST, 1L);
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, request_.body.data());
  }
  if (method != "GET" && method != "HEAD" && method != "POST") curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, method.c_str());
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  static_cast<CurlTransfer*>(self)->read_header({data, size * count});
  return size * count;
}

void CurlTransfer::read_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // also the final one after an interim answer
    response_.headers.clear();
    response_.status = 0;
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return;
    const auto rest = trim(line.substr(blank));
    std::from_chars(rest.data(), rest.data() + rest.size(), response_.status);
    const auto phrase = rest.find(' ');
    response_.reason = phrase == std::string_view::npos ? std::string_view{} : trim(rest.substr(phrase));
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  std::string name{trim(line.substr(0, colon))};
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::size_t total = line.size();
  for (const auto& [known, value] : response_.headers) total += known.size() + value.size();
  if (total <= max_headers) response_.headers.emplace_back(std::move(name), std::string{trim(line.substr(colon + 1))});
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const auto bytes = size * count;
  if (transfer.response_.body.size() + bytes > max_body) {
    transfer.too_big_ = true;
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.response_.body.append(data, bytes);
  return bytes;
}

bool CurlTransfer::may_leave() const { return !request_.may_leave || request_.may_leave(); }

void CurlTransfer::finish_withheld() { std::exchange(done_, {})(withheld_response()); }

/// A connection stands and the request's first byte is about to leave.
int CurlTransfer::on_connected(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.pin_) {
    // a connection kept from an earlier request was checked against the pin of that one
    curl_tlssessioninfo* tls = nullptr;
    curl_easy_getinfo(transfer.handle_, CURLINFO_TLS_SSL_PTR, &tls);
    if (tls == nullptr || tls->internals == nullptr || !has_fingerprint(static_cast<SSL*>(tls->internals), *transfer.pin_)) {
      transfer.wrong_server_ = true;
      return CURL_PREREQFUNC_ABORT;
    }
  }
  if (!transfer.may_leave()) {
    transfer.withheld_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  // curl sends a request again when a kept connection closes without an answer; a change might then happen twice
  if (++transfer.connected_ > 1 && transfer.changes()) return CURL_PREREQFUNC_ABORT;
  return CURL_PREREQFUNC_OK;
}

CURLcode CurlTransfer::on_tls_context(CURL*, void* context, void* self) {
  pin_certificate(static_cast<SSL_CTX*>(context), *static_cast<CurlTransfer*>(self)->pin_);
  return CURLE_OK;
}

void CurlTransfer::finish(CURLcode result) {
  if (result == CURLE_OK && response_.status >= 100) return std::exchange(done_, {})(std::move(response_));
  long sent = 0;
  curl_easy_getinfo(handle_, CURLINFO_REQUEST_SIZE, &sent);
  const bool unsent = connected_ == 0 || (connected_ == 1 && sent == 0);
  const auto failure = unsent ? Failure::not_sent : Failure::uncertain;
  if (withheld_ && unsent) return finish_withheld();
  if (wrong_server_) return fail(failure, "tls", "the server's certificate does not have the fingerprint that was set");
  if (too_big_) return fail(Failure::uncertain, "truncated", fmt::format("the answer is longer than {} bytes", max_body));
  if (result == CURLE_ABORTED_BY_CALLBACK) return fail(failure, "reset", "the connection was closed before an answer came");
  if (result == CURLE_OK) return fail(failure, "protocol", "the answer has no status");
  if (result == CURLE_OPERATION_TIMEDOUT) {
    return fail(failure, "timeout", fmt::format("timed out after {} {}", format_duration(unsent ? std::min(request_.timeout, max_connect) : request_.timeout), unsent ? "before it was sent" : "without an answer"));
  }
  if (result == CURLE_COULDNT_CONNECT) return fail(failure, "refused", fmt::format("cannot connect: {}", error_[0] != '\0' ? error_ : "connection refused"));
  fail(failure, code_of(result), error_[0] != '\0' ? std::string{error_} : std::string{curl_easy_strerror(result)});
}

void CurlTransfer::finish_unsent(const std::string& code, const std::string& text) { fail(Failure::not_sent, code, unsendable_.empty() ? text : unsendable_); }

void CurlTransfer::finish_stopped() {
  fail(connected_ == 0 && handle_ == nullptr ? Failure::not_sent : Failure::uncertain, "stopped", "the driver was stopped while the request was under way");
}

void CurlTransfer::fail(Failure failure, std::string code, std::string text) {
  DriverResponse response;
  response.failure = failure;
  response.failure_code = std::move(code);
  response.failure_text = std::move(text);
  std::exchange(done_, {})(std::move(response));
}

}  // namespace stellwerk::connectors
