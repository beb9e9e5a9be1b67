// The connector actor: the settings of its server.

#include <fmt/format.h>

#include <utility>

#include "actors/connector.hpp"
#include "actors/sealing.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::actors {

void ConnectorActor::ask_for_server() {
  if (std::exchange(loading_, true)) return;
  self_->request(loader_, caf::infinite, share(ServerRequest{server_})).then(
      [this](const Shared<ServerReply>& reply) {
        loading_ = false;
        if (std::exchange(outdated_, false)) return ask_for_server();
        guarded([&] { on_server(*reply); });
      },
      [this](const caf::error&) { loading_ = false; });
}

void ConnectorActor::on_server(const ServerReply& reply) {
  if (reply.server) return take_server(*reply.server);
  if (reply.server.error().code == ErrorCode::not_found) return reject_all("no_server", fmt::format("there is no server {}", server_.str()));
  monitoring::log_error("a server's settings cannot be read; trying again", reply.server.error(), {{"server", server_.str()}});
  tick_at(now() + std::chrono::seconds{1});
}

void ConnectorActor::take_server(const storage::ServerRow& row) {
  const auto connector = deps_->connectors->find(row.connector);
  if (!connector) return reject_all("no_connector", fmt::format("server {} wants connector '{}', which is not published", row.name, row.connector));
  const auto driver = deps_->drivers.find(connector->driver());
  if (driver == deps_->drivers.end()) return reject_all("no_driver", fmt::format("connector {} wants driver '{}', which is not there", row.connector, connector->driver()));
  std::map<std::string, Json> settings;
  std::map<std::string, config::Secret> secrets;
  for (const auto& field : connector->settings()) {
    const auto* value = find_member(row.settings, field.name);
    if (field.type.base == workflows::TypeSpec::Base::secret) {
      if (value == nullptr || !value->is_string()) continue;
      auto opened = deps_->around.keys->open(as_view(value->get_string()), place::server(row.id, field.name));
      if (!opened) return reject_all("sealed", fmt::format("setting {} of server {} cannot be opened with this master key", field.name, row.name));
      secrets[field.name] = std::move(*opened);
    } else if (value != nullptr) {
      settings[field.name] = *value;
    } else if (field.fallback) {
      settings[field.name] = *field.fallback;
    }
  }
  settings_ = std::move(settings);
  secrets_ = std::move(secrets);
  driver_ = driver->second;
  connector_ = connector;
  pump();
}

/// Nothing of what waits can begin. What runs comes to its own end.
void ConnectorActor::reject_all(const std::string& code, const std::string& text) {
  connector_ = nullptr;
  std::vector<AttemptId> ids;
  for (const auto* job : queue_->waiting()) ids.push_back(job->id);
  for (const auto& id : ids)
    if (auto* job = queue_->find(id.str()); job != nullptr && job->stands != Job::Stands::out)
      finish(*job, {.is = OutcomeClass::rejected_operator, .code = code, .text = text, .handle = job->handle(), .sent = false});
}

}  // namespace stellwerk::actors
