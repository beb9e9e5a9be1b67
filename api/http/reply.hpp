#pragma once
// What stands behind Reply and Stream. The server implements it over a connection; tests may implement it over a variable.

#include <functional>
#include <memory>
#include <string>

#include "api/http/server.hpp"

namespace stellwerk::http {

/// Where the answer to one request goes. Any thread; `answer` and `open` together take effect once, later calls do nothing.
struct Reply::State {
  virtual ~State() = default;
  virtual void answer(Response&& response) = 0;
  /// Sends the head of a chunked answer. Null when the request is answered already or the client has left.
  virtual std::shared_ptr<Stream::State> open(Response&& head) = 0;
  /// Closes the connection at once, nothing more is written to it.
  virtual void abort() = 0;
  [[nodiscard]] virtual bool is_abandoned() const = 0;

  std::string trace_id;
};

/// Where the bytes of a chunked answer go. Any thread. Its end (the last Stream gone) closes it.
struct Stream::State {
  virtual ~State() = default;
  virtual bool write(std::string_view bytes) = 0;
  virtual void close() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
};

/// A Reply whose one answer is given to `take`, in the thread that answers; for what calls handlers without a server. Streams: null.
/// An aborted one gives a response of status 0.
[[nodiscard]] Reply make_reply(std::function<void(Response)> take, std::string trace_id = {});

}  // namespace stellwerk::http
