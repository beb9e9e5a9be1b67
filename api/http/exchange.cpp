#include "api/http/exchange.hpp"

#include <utility>

namespace stellwerk::http {
namespace {

class ConnectionStream final : public Stream::State {
 public:
  ConnectionStream(std::shared_ptr<Outlet> outlet, std::weak_ptr<Connection> connection, std::uint64_t sequence, std::shared_ptr<Exchange> exchange, std::shared_ptr<LiveStream> live)
      : outlet_{std::move(outlet)}, connection_{std::move(connection)}, sequence_{sequence}, exchange_{std::move(exchange)}, live_{std::move(live)} {}
  ~ConnectionStream() override { ConnectionStream::close(); }

  bool write(std::string_view bytes) override {
    if (!ConnectionStream::is_open()) return false;
    if (bytes.empty()) return true;  // an empty chunk would end the answer
    if (live_->pending.fetch_add(bytes.size()) + bytes.size() > max_stream_backlog) {
      if (live_->open.exchange(false)) outlet_->post({connection_, sequence_, Abort{}});
      return false;
    }
    outlet_->post({connection_, sequence_, StreamBytes{std::string{bytes}}});
    return true;
  }

  void close() override {
    if (live_->open.exchange(false)) outlet_->post({connection_, sequence_, EndStream{}});
  }

  bool is_open() const override { return live_->open.load() && !exchange_->abandoned.load(); }

 private:
  std::shared_ptr<Outlet> outlet_;
  std::weak_ptr<Connection> connection_;
  std::uint64_t sequence_;
  std::shared_ptr<Exchange> exchange_;
  std::shared_ptr<LiveStream> live_;
};

class ConnectionReply final : public Reply::State {
 public:
  ConnectionReply(std::shared_ptr<Outlet> outlet, std::weak_ptr<Connection> connection, std::uint64_t sequence, std::shared_ptr<Exchange> exchange)
      : outlet_{std::move(outlet)}, connection_{std::move(connection)}, sequence_{sequence}, exchange_{std::move(exchange)} {}

  ~ConnectionReply() override {
    if (!exchange_->answered.exchange(true)) post(SendAnswer{problem_response(Error{ErrorCode::internal, "the request was not answered"}, trace_id)});
  }

  void answer(Response&& response) override {
    if (!exchange_->answered.exchange(true)) post(SendAnswer{std::move(response)});
  }

  std::shared_ptr<Stream::State> open(Response&& head) override {
    if (exchange_->answered.exchange(true)) return nullptr;
    auto live = std::make_shared<LiveStream>();
    if (exchange_->abandoned.load()) return nullptr;
    post(OpenStream{std::move(head), live});
    return std::make_shared<ConnectionStream>(outlet_, connection_, sequence_, exchange_, std::move(live));
  }

  void abort() override {
    if (!exchange_->answered.exchange(true)) post(Abort{});
  }

  bool is_abandoned() const override { return exchange_->abandoned.load(); }

 private:
  void post(Action action) { outlet_->post({connection_, sequence_, std::move(action)}); }

  std::shared_ptr<Outlet> outlet_;
  std::weak_ptr<Connection> connection_;
  std::uint64_t sequence_;
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

Reply make_connection_reply(std::shared_ptr<Outlet> outlet, std::weak_ptr<Connection> connection, std::uint64_t sequence, std::shared_ptr<Exchange> exchange, std::string trace_id) {
  auto state = std::make_shared<ConnectionReply>(std::move(outlet), std::move(connection), sequence, std::move(exchange));
  state->trace_id = std::move(trace_id);
  return Reply{std::move(state)};
}

}  // namespace stellwerk::http
