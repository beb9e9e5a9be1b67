#include "sandbox/proxmox.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "api/http/server.hpp"
#include "sandbox/desk.hpp"
#include "sandbox/proxmox_model.hpp"
#include "sandbox/state_file.hpp"

namespace stellwerk::sandbox {

struct Proxmox::Impl {
  explicit Impl(ProxmoxOptions o) : options{std::move(o)} {}

  Result<void> restore() {
    if (options.state_file.empty()) return {};
    STELLWERK_TRY(auto opened, StateFile::open(options.state_file));
    file.emplace(std::move(opened));
    const auto records = file->take_records();
    if (!records.empty()) {
      if (auto restored = model->restore(records); !restored) return wrap(std::move(restored).error(), "read " + options.state_file);
    }
    (void)model->take_changes();  // all of it is in the snapshot
    return file->rewrite(model->snapshot());
  }

  /// Before any answer of the batch: what it tells must survive a kill.
  Result<void> keep() {
    const auto changes = model->take_changes();
    if (!file || changes.empty()) return {};
    STELLWERK_CHECK(file->append(changes));
    return file->is_overgrown() ? file->rewrite(model->snapshot()) : Result<void>{};
  }

  ProxmoxOptions options;
  std::optional<ProxmoxModel> model;
  std::optional<StateFile> file;
  std::optional<Desk> desk;
  std::optional<http::Server> server;
};

Proxmox::Proxmox(ProxmoxOptions options) : impl_{std::make_unique<Impl>(std::move(options))} {}

Proxmox::~Proxmox() { stop(); }

Result<std::uint16_t> Proxmox::start() {
  auto& self = *impl_;
  STELLWERK_ASSERT(!self.model, "a simulator is started once");
  if (self.options.token.empty()) return fail(ErrorCode::invalid_argument, "the simulator needs an API token");
  if (self.options.nodes.empty()) return fail(ErrorCode::invalid_argument, "the simulator needs at least one node");
  self.model.emplace(ProxmoxModelOptions{.token_id = self.options.token_id, .token = self.options.token, .nodes = self.options.nodes});
  STELLWERK_CHECK(self.restore());
  self.desk.emplace([&self](const http::Request& request) { return self.model->handle(request, wall_now()); }, [&self] { return self.keep(); });

  http::Router router;
  using enum http::Method;
  for (const auto method : {get, head, post, put, patch, delete_, options}) {
    router.add(method, "/{rest...}", [&self](http::Request&& request, http::Reply reply) { self.desk->take(std::move(request), std::move(reply)); });
  }
  config::HttpSettings settings;
  settings.listen = self.options.listen;
  settings.threads = 1;
  settings.answer_timeout = std::chrono::minutes{30};  // above the longest fault
  settings.drain_timeout = std::chrono::seconds{2};
  self.server.emplace(std::move(settings), std::move(router));
  return self.server->start();
}

void Proxmox::stop() {
  if (impl_->desk) impl_->desk->close();
  if (impl_->server) impl_->server->stop();
  impl_->server.reset();
  impl_->desk.reset();
}

}  // namespace stellwerk::sandbox
