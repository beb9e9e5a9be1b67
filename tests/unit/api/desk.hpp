#pragma once
// The routes over a scripted engine and a real record keeping: requests go straight into the router, no socket.

#include <boost/test/unit_test.hpp>

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/definitions.hpp"
#include "api/api.hpp"
#include "api/auth.hpp"
#include "api/http/reply.hpp"
#include "api/http/uri.hpp"
#include "core/embedded.hpp"
#include "monitoring/health.hpp"
#include "storage/directory.hpp"
#include "tests/support/scratch.hpp"

namespace stellwerk::testing {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Keeps what it is asked and gives the answers of its script, the last one again and again. Answers in the caller's thread.
class FakeClient final : public actors::Client {
 public:
  std::unique_ptr<actors::Views> views;
  std::vector<actors::CommandRequest> commands;
  std::vector<actors::CreateRequest> creations;
  std::vector<actors::RemedyRequest> remedies;
  std::vector<actors::EditRequest> edits;
  std::vector<actors::RevealRequest> reveals;
  std::vector<actors::EraseRequest> erasures;
  std::vector<actors::GuardAnswer> guard_answers;
  std::vector<actors::StopRequest> stops;
  std::vector<actors::SettingRequest> changes;
  std::vector<Duration> advances;
  std::deque<Result<actors::Answer>> script;
  bool overloaded = false;  ///< no query is taken
  int queries = 0;

  void command(actors::CommandRequest request, actors::AnswerCallback done) override {
    commands.push_back(std::move(request));
    done(next(actors::Answer{202, JsonObject{{"event", "evt_1"}, {"run", nullptr}, {"deferred", false}}}));
  }
  void create(actors::CreateRequest request, actors::AnswerCallback done) override {
    creations.push_back(std::move(request));
    done(next(actors::Answer{201, JsonObject{{"id", creations.back().prefix + "_new"}, {"state", "open"}, {"status", "open"}, {"created", JsonArray{}}}}));
  }
  void remedy(actors::RemedyRequest request, actors::AnswerCallback done) override {
    remedies.push_back(std::move(request));
    done(next(actors::Answer{202, JsonObject{{"event", "evt_1"}}}));
  }
  void edit(actors::EditRequest request, actors::AnswerCallback done) override {
    edits.push_back(std::move(request));
    done(next(actors::Answer{202, JsonObject{{"event", "evt_1"}, {"run", nullptr}, {"deferred", false}}}));
  }
  void reveal(actors::RevealRequest request, actors::AnswerCallback done) override {
    reveals.push_back(std::move(request));
    done(next(actors::Answer{200, JsonObject{{"attribute", reveals.back().attribute}, {"value", "the value"}}}));
  }
  void erase(actors::EraseRequest request, actors::AnswerCallback done) override {
    erasures.push_back(std::move(request));
    done(next(actors::Answer{200, JsonObject{{"customer", erasures.back().customer}, {"actors", 0}}}));
  }
  void answer_guard(actors::GuardAnswer answer, actors::AnswerCallback done) override {
    guard_answers.push_back(std::move(answer));
    done(next(actors::Answer{200, JsonObject{{"id", guard_answers.back().question.str()}, {"state", "released"}}}));
  }
  void emergency_stop(actors::StopRequest request, actors::AnswerCallback done) override {
    stops.push_back(std::move(request));
    done(next(actors::Answer{200, JsonObject{{"on", stops.back().on}}}));
  }
  /// The checks and the record keeping are real; nobody is reckoned again.
  void change_setting(actors::SettingRequest request, std::function<void(Result<actors::SettingAnswer>)> done) override {
    changes.push_back(request);
    done([&]() -> Result<actors::SettingAnswer> {
      STELLWERK_TRY(auto value, views->check_setting(request.caller.tenant, request.value));
      value.by = request.caller.user;
      value.at = now();
      if (request.dry_run) {
        STELLWERK_TRY(auto forecast, views->forecast(request.caller.tenant, value, now()));
        return actors::SettingAnswer{std::move(value), std::move(forecast)};
      }
      STELLWERK_CHECK(views->put_setting(request.caller.tenant, value));
      return actors::SettingAnswer{std::move(value), std::nullopt};
    }());
  }
  void query(std::function<Result<Json>(actors::Views&)> question, std::function<void(Result<Json>)> done) override {
    ++queries;
    if (overloaded) return done(fail(ErrorCode::unavailable, "too many queries wait; try again", "overloaded"));
    done(question(*views));
  }
  void advance_clock(Duration span, std::function<void(Result<Json>)> done) override {
    advances.push_back(span);
    done(Json(JsonObject{{"now", format_time(now() + span)}}));
  }
  [[nodiscard]] Time now() const override { return from_micros(1'772'452'800'000'000); }

 private:
  Result<actors::Answer> next(actors::Answer usual) {
    if (script.empty()) return usual;
    auto answer = script.front();
    if (script.size() > 1) script.pop_front();
    return answer;
  }
};

struct Told {
  int status = 0;
  http::Headers headers;
  std::string text;
  Json json;

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [known, value] : headers)
      if (known == name) return value;
    return {};
  }
  [[nodiscard]] std::string type() const { return text_of(json, "type"); }
  /// Of a problem document, separated by blanks.
  [[nodiscard]] std::string pointers() const {
    std::string all;
    if (const auto* errors = find_member(json, "errors"))
      for (const auto& error : errors->as_array()) all += (all.empty() ? "" : " ") + text_of(error, "pointer");
    return all;
  }
};

struct Ask {
  std::string token = {};
  std::string body = {};
  http::Headers headers = {};
  std::string peer = "127.0.0.1";
};

/// A tenant with two customers, each with a service and a ticket, and the routes in front.
class Desk {
 public:
  ScratchFolder folder{"api"};
  std::shared_ptr<storage::SqlDatabase> database = must(storage::open_database(config::Secret{"sqlite:" + folder.file("api.db")}));
  config::SigningKey key = must(config::load_or_create_signing_key(folder.file("signing.key")));
  TenantId tenant = make_id<TenantId>("ten");
  std::unique_ptr<storage::Store> store;
  FakeClient client;
  std::unique_ptr<api::Api> api;
  http::Router router;
  std::string customer = format_id("cus", make_uuid()), stranger = format_id("cus", make_uuid());
  std::string service, foreign_service, ticket, foreign_ticket, order, product;

  Desk() {
    (void)must(database->migrate());
    store = must(database->open_store());
    must(store->begin_incarnation("nod_1", "localhost"));
    store->use_incarnation("nod_1");
    std::vector<std::pair<std::string, std::string>> shipped;
    for (const auto& file : embedded_files())
      if (file.path.ends_with(".yaml")) shipped.emplace_back(file.path, file.text);
    auto library = must(actors::load_library(*store, tenant, shipped, client.now()));
    client.views = std::make_unique<actors::Views>(must(database->open_directory()), must(database->open_store()), library.definitions, library.connectors,
                                                   must(config::load_or_create_master_key(folder.file("master.key"))));
    api = api::make_api(client, api::Options{.tenant = tenant, .signing_key = key, .metrics_allow = "127.0.0.0/8,::1/128"});
    router = api->take_router();
    plant();
    for (const char* part : {"database", "engine"}) monitoring::report_ready(part);
  }

  [[nodiscard]] storage::Directory& records() { return client.views->records(); }

  /// A token of this role; customers and resellers belong to `of`.
  [[nodiscard]] std::string token(const std::string& role, std::string of = {}) const {
    const bool has_customer = role == "customer" || role == "reseller";
    return api::make_token(key, {.user = "usr_" + role, .tenant = tenant.str(), .role = role, .session = "ses_1",
                                 .customer = has_customer ? (of.empty() ? customer : of) : "", .issued_at = wall_now(), .expires_at = wall_now() + api::token_life});
  }

  Told ask(http::Method method, const std::string& target, const Ask& ask = {}) {
    http::Request request{.method = method, .target = target, .path = http::percent_decode(http::path_of(target)).value(), .params = {},
                          .query = http::parse_query(target).value(), .headers = ask.headers, .body = ask.body, .peer = ask.peer, .trace_id = "0af7651916cd43dd8448eb211c80319c"};
    if (!ask.token.empty()) request.headers.emplace_back("authorization", "Bearer " + ask.token);
    Told told;
    router.dispatch(std::move(request), http::make_reply(
                                            [&told](http::Response response) {
                                              told = {response.status, response.headers, response.body, {}};
                                              if (auto json = parse_json(response.body)) told.json = std::move(*json);
                                            },
                                            "0af7651916cd43dd8448eb211c80319c"));
    return told;
  }
  Told get(const std::string& target, const std::string& role) { return ask(http::Method::get, target, {.token = token(role)}); }
  Told post(const std::string& target, const std::string& role, const std::string& body = {}, http::Headers headers = {}) {
    return ask(http::Method::post, target, {.token = token(role), .body = body, .headers = std::move(headers)});
  }

  /// Writes an actor as the engine would; returns its id.
  std::string add_actor(const std::string& prefix, const std::string& kind, const std::string& workflow, const std::string& state, const std::string& status,
                        const std::string& of, Json attributes, Json cursor = JsonObject{}) {
    storage::ActorChange change;
    change.row = {.id = make_id<ActorId>(prefix), .tenant = tenant, .kind = kind, .workflow = workflow, .revision = 1, .state = state, .status = status, .customer = of,
                  .attributes = attributes, .cursor = std::move(cursor), .version = 1, .live = true, .decision = format_id("dec", make_uuid()),
                  .created_at = client.now(), .updated_at = client.now()};
    change.applied = {make_id<EventId>("evt"), "", std::move(attributes), "usr_customer", "customer"};
    const storage::Commit commit{.id = change.row.decision, .changes = {change}, .required = {}, .actions = {}, .idempotency = std::nullopt};
    const auto results = must(store->commit({&commit, 1}));
    if (results.front().status != storage::CommitStatus::committed) throw std::runtime_error(results.front().error);
    return change.row.id.str();
  }

 private:
  void plant() {
    for (const auto& [id, number] : {std::pair{customer, "00000001"}, std::pair{stranger, "00000002"}})
      must(records().add_customer({.id = id, .tenant = tenant, .number = number, .name = "A customer", .email = number + std::string{"@example.com"}, .created_at = client.now()}));
    const storage::ProductRow row{.id = make_id<ProductId>("prd"), .tenant = tenant, .name = "VPS M", .workflow = "proxmox-vm", .attributes = JsonObject{{"cores", 2}, {"pool", "kvm"}},
                                  .visible = true, .created_at = client.now()};
    must(client.views->put_product(row));
    product = row.id.str();
    const JsonObject machine{{"hostname", "v1.example.com"}, {"order", "ord_1"}, {"product", product}, {"server", "srv_1"}, {"vmid", 10'001}, {"ip", "192.0.2.10"}};
    service = add_actor("svc", "service", "proxmox-vm", "active", "active", customer, machine);
    foreign_service = add_actor("svc", "service", "proxmox-vm", "active", "active", stranger, machine);
    const JsonObject question{{"subject", "No ping"}, {"department", "support"}, {"priority", "high"}, {"body", "It is down."}};
    ticket = add_actor("tkt", "ticket", "ticket", "open", "open", customer, question);
    foreign_ticket = add_actor("tkt", "ticket", "ticket", "open", "open", stranger, question);
    order = add_actor("ord", "order", "order", "open", "pending", customer, JsonObject{{"product", product}, {"service", service}});
  }
};

/// One desk for the cases that change nothing which others look at.
inline Desk& shared_desk() {
  static Desk desk;
  desk.client.script.clear();
  desk.client.overloaded = false;
  return desk;
}

}  // namespace stellwerk::testing
