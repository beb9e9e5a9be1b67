// What is secret or personal, all the way through an engine: at rest, in what people read, and told to who may see it.

#include "actors/resealing.hpp"
#include "actors/sealing.hpp"
#include "tests/unit/actors/engine.hpp"

using namespace stellwerk;
using namespace stellwerk::testing;

namespace {

const std::string password = "Pa/ss wörd-0815";
const std::string newer = "another+secret-4711";
const std::string token = "token-of-the-safe-99";
const std::string licence = "licence-4242-4242";
const std::string contact = "Erika Mustermann, Heidestr. 17";

/// The forms of core/masking.hpp, by one who knows the secrets.
bool tells(const std::string& told, const std::string& secret) {
  Masker masker;
  masker.add(secret);
  return masker.finds(told);
}

class SafeEngine : public Engine {
 public:
  SafeEngine() {
    extra_library = {{"connectors/library/safe.yaml", R"(language: 1
connector: safe
driver: noop
settings:
  token: { type: secret, required: true }
operations:
  open:
    effect: sets
    input: { password: { type: secret, required: true }, contact: { type: string } }
    request: { post: /open, headers: { x-token: "${settings.token}" }, json: { password: "${input.password}", contact: "${input.contact}" } }
    outcomes:
      - { is: done, when: response.status == 200 }
      - { is: rejected_operator, code: refused, when: response.status == 500 }
)"},
                     {"workflows/library/vaulted.yaml", R"yaml(language: 1
workflow: vaulted
kind: service
settings:
  licence: { type: secret }
attributes:
  server:   { type: ref, kind: server, required: true }
  password: { type: secret, show_to: [owner] }
  inner:    { type: secret }
  contact:  { type: string, max: 200, personal: true }
  answer:   { type: string, max: 2000 }
events:
  open:   { allow: [staff] }
  change: { allow: [staff], busy: defer, with: { password: { type: secret, required: true } } }
  end:    { allow: [staff] }
defaults:
  call: { on_server: self.server }
initial: shut
states:
  shut:
    status: active
    rest: true
    on:
      open:   { to: opening }
      change: { set: { password: "${event.password}" } }
      end:    { to: gone }
  opening:
    status: active
    steps:
      - open: { call: safe.open, with: { password: "${self.password}", contact: "${self.contact}" }, on_error: incident }
    done:   { to: opened }
    failed: { to: shut }
  opened:
    status: active
    rest: true
    on:
      change: { set: { password: "${event.password}" } }
      end:    { to: gone }
  gone:
    status: terminated
    final: true
)yaml"}};
    start();
    tell([&](actors::Views& views) {
      return views.put_server({.id = server, .tenant = tenant, .name = "north", .connector = "safe", .pool = "default", .settings = JsonObject{{"token", token}}, .created_at = wall_now()});
    });
    actors::SettingRequest bought;
    bought.value.workflow = "vaulted";
    bought.value.name = "licence";
    bought.value.value = boost::json::string(licence);
    bought.value.note = "bought";
    bought.caller = admin();
    must(wait_for<actors::SettingAnswer>([&](auto done) { client().change_setting(bought, done); }));
  }

  /// Runs `ask` on a reader session.
  void tell(const std::function<Result<void>(actors::Views&)>& ask) {
    must(wait_for<Json>([&](auto done) {
      client().query([&](actors::Views& views) -> Result<Json> {
        STELLWERK_CHECK(ask(views));
        return Json{};
      }, done);
    }));
  }
  [[nodiscard]] actors::Caller admin() const { return {tenant, "usr_admin", "admin", ""}; }
  [[nodiscard]] actors::Caller owner() const { return {tenant, "usr_owner", "customer", "cus_1"}; }
  ActorId create_vault() { return create("service", "vaulted", JsonObject{{"server", server.str()}, {"password", password}, {"contact", contact}}); }
  Result<actors::Answer> reveal(const ActorId& id, const std::string& attribute, const actors::Caller& caller) {
    return wait_for<actors::Answer>([&](auto done) {
      client().reveal({.actor = id, .kind = "service", .attribute = attribute, .note = "asked by phone", .caller = caller, .trace = {}}, done);
    });
  }
  std::vector<storage::AuditRow> audit(const std::string& object) {
    return read<std::vector<storage::AuditRow>>([&](auto& records) { return records.list_audit(tenant, object, {}); });
  }
  /// What the journal's readers see.
  std::string journal(const ActorId& id) {
    std::string all;
    tell([&](actors::Views& views) -> Result<void> {
      STELLWERK_TRY(const auto entries, views.journal(tenant, id, 0, 1'000));
      for (const auto& entry : entries) all += dump_json(entry.entries) + "\n";
      return {};
    });
    return all;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(secrecy)

BOOST_FIXTURE_TEST_CASE(leaves_no_secret_readable_in_the_files_of_a_whole_life, SafeEngine) {
  const auto id = create_vault();
  driver->play([](const DriverRequest&) { return std::nullopt; });
  must(command(id, "open"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  must(command(id, "change", JsonObject{{"password", newer}}));  // deferred: it lies in the mailbox now
  BOOST_TEST(ask_sql("select cast(count(*) as text) from mailbox where deferred = 1") == "1");
  BOOST_TEST(ask_sql("select cast(count(*) as text) from attempt") == "1");
  for (const auto& secret : {password, newer, token, licence}) BOOST_TEST(!tells(files(), secret), secret);

  // The vendor tells all it was sent, in its own way.
  driver->release(answer(500, "refused: " + password + " " + dump_json(Json(boost::json::string(password))) + " " + config::base64url("root:" + password) + " token=" + token));
  until("the run is held", [&] { return !incidents().empty(); });
  const auto incident = incidents().front();
  BOOST_TEST(incident.text.find("***") != std::string::npos, incident.text);
  for (const auto& secret : {password, newer, token, licence}) BOOST_TEST(!tells(incident.text + dump_json(incident.detail), secret), incident.text);

  // A person writes the secret into the note of the remedy, and another one into the input.
  driver->play([](const DriverRequest&) { return answer(200); });
  must(wait_for<actors::Answer>([&](auto done) {
    client().remedy({.incident = incident.id, .remedy = "edit", .note = "it is " + newer, .input = JsonObject{{"password", newer}}, .output = JsonObject{}, .caller = staff(), .trace = {}}, done);
  }));
  until_state(id, "opened");
  until("the deferred change had its turn", [&] { return ask_sql("select cast(count(*) as text) from mailbox") == "0"; });
  for (const auto& secret : {password, newer, token, licence}) {
    BOOST_TEST(!tells(files(), secret), secret);
    BOOST_TEST(!tells(journal(id), secret), secret);
  }
  // The searcher finds what is there.
  sql("insert into value (name, content) values ('planted', 'x " + config::base64url("a:" + token) + "')");
  BOOST_TEST(tells(files(), token));
}

BOOST_FIXTURE_TEST_CASE(shows_an_admin_a_secret_when_journal_and_audit_say_so, SafeEngine) {
  const auto id = create_vault();
  const auto version = actor(id).version;
  const auto shown = must(reveal(id, "password", admin()));
  BOOST_TEST(shown.body == Json(JsonObject{{"attribute", "password"}, {"value", password}}));
  BOOST_TEST(actor(id).version == version + 1);
  const auto told = facts(id, "secret_revealed");
  BOOST_REQUIRE(told.size() == 1U);
  BOOST_TEST(text_of(told[0], "attribute") == "password");
  BOOST_TEST(text_of(told[0].at("by"), "id") == "usr_admin");
  const auto entries = audit(id.str());
  BOOST_REQUIRE(entries.size() == 1U);
  BOOST_TEST(entries[0].by == "usr_admin");
  BOOST_TEST(entries[0].note == "asked by phone");
  BOOST_TEST(!tells(files(), password));

  BOOST_TEST(reveal(id, "contact", admin()).error().reason == "no_secret");
  BOOST_TEST(reveal(id, "inner", admin()).error().reason == "no_value");
  BOOST_TEST(must(reveal(id, "password", admin())).status == 200);  // as often as there is a reason
  BOOST_TEST(audit(id.str()).size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(shows_the_owner_a_one_time_secret_once_for_each_value, SafeEngine) {
  const auto id = create_vault();
  BOOST_TEST(text_of(must(reveal(id, "password", owner())).body, "value") == password);
  BOOST_TEST(reveal(id, "password", owner()).error().reason == "shown_already");
  restart();
  BOOST_TEST(reveal(id, "password", owner()).error().reason == "shown_already");
  BOOST_TEST(reveal(id, "inner", owner()).error().reason == "no_secret");
  must(command(id, "change", JsonObject{{"password", newer}}));
  BOOST_TEST(text_of(must(reveal(id, "password", owner())).body, "value") == newer);
  BOOST_TEST(audit(id.str()).size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(shows_a_servers_secret_with_a_trace_and_reads_what_the_master_key_itself_sealed, SafeEngine) {
  std::string shown;
  const storage::AuditRow entry{.id = "evt_1", .tenant = tenant, .at = wall_now(), .by = "usr_admin", .role = "admin", .action = "reveal", .object = server.str(), .field = "token", .note = "why"};
  tell([&](actors::Views& views) -> Result<void> {
    STELLWERK_TRY(shown, views.reveal(tenant, server, "token", entry));
    return {};
  });
  BOOST_TEST(shown == token);
  BOOST_TEST(audit(server.str()).size() == 1U);
  auto row = must(open_store()->find_server(server));
  row.settings = JsonObject{{"token", config::seal(config::MasterKey{}, "from before", server.str() + "/token")}};
  must(open_store()->put_server(row));
  tell([&](actors::Views& views) -> Result<void> {
    auto again = entry;
    again.id = "evt_2";
    STELLWERK_TRY(shown, views.reveal(tenant, server, "token", again));
    return {};
  });
  BOOST_TEST(shown == "from before");
}

BOOST_FIXTURE_TEST_CASE(seals_everything_anew_and_destroys_the_old_key_only_when_nothing_uses_it, SafeEngine) {
  const auto id = create_vault();
  driver->play([](const DriverRequest&) { return std::nullopt; });
  must(command(id, "open"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  must(command(id, "change", JsonObject{{"password", newer}}));
  stop();

  const auto store = open_store();
  const auto records = must(database()->open_directory());
  const auto before = must(store->data_keys(tenant));
  BOOST_REQUIRE(before.size() == 1U);
  const auto old = before.front().id;
  must(store->add_data_key(actors::make_data_key(tenant, config::MasterKey{}, wall_now() + std::chrono::seconds{1})));
  const auto keys = must(actors::open_keys(*store, tenant, config::MasterKey{}, wall_now()));
  BOOST_TEST(keys->newest().id != old);
  BOOST_TEST(must(records->count_sealed(tenant, old)) > 4);
  BOOST_TEST(records->destroy_data_key(tenant, old).error().message.find("still needed") != std::string::npos);

  // It ends after the first row, as if it was killed; the next one goes on.
  const auto cut = actors::reseal_all(*records, tenant, *keys, old, 1, [](std::int64_t) -> Result<void> { return fail(ErrorCode::cancelled, "killed"); });
  BOOST_TEST(!cut.has_value());
  BOOST_TEST(must(actors::reseal_all(*records, tenant, *keys, old, 2, [](std::int64_t) -> Result<void> { return {}; })) > 3);
  BOOST_TEST(must(records->count_sealed(tenant, old)) == 0);
  must(records->destroy_data_key(tenant, old));
  BOOST_TEST(must(store->data_keys(tenant)).size() == 1U);

  driver->play([](const DriverRequest&) { return answer(200); });
  restart();
  until_state(id, "opened");
  BOOST_TEST(text_of(must(reveal(id, "password", admin())).body, "value") == newer);  // the deferred change was opened with the new key
  BOOST_TEST(journal(id).find(contact) != std::string::npos);                          // the personal key was sealed anew
}

BOOST_FIXTURE_TEST_CASE(keeps_what_is_personal_sealed_in_the_journal_until_the_person_is_forgotten, SafeEngine) {
  tell([&](actors::Views& views) { return views.records().add_customer({"cus_1", tenant, "000000A1", "Erika Mustermann", "erika@example.com", wall_now()}); });
  const auto id = create_vault();
  must(command(id, "open"));
  until_state(id, "opened");
  BOOST_TEST(ask_sql("select cast(group_concat(entries) as text) from journal").find(contact) == std::string::npos);
  BOOST_TEST(journal(id).find(contact) != std::string::npos);
  const auto rows_before = ask_sql("select cast(group_concat(entries) as text) from journal");

  const auto erase = [&](bool live) {
    return wait_for<actors::Answer>([&](auto done) { client().erase({.customer = "cus_1", .note = "asked in writing", .live = live, .caller = admin()}, done); });
  };
  const auto refused = erase(false);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().reason == "live");
  BOOST_REQUIRE(refused.error().fields.size() == 1U);
  BOOST_TEST(refused.error().fields[0].pointer == "/" + id.str());

  must(command(id, "end"));
  BOOST_TEST(int_of(must(erase(false)).body, "actors") == 1);
  BOOST_TEST(!find_member(actor(id).attributes, "contact"));
  const auto told = journal(id);
  BOOST_TEST(told.find(contact) == std::string::npos);
  BOOST_TEST(told.find("(erased)") != std::string::npos);
  BOOST_TEST(told.find("\"step_done\"") != std::string::npos);
  BOOST_TEST(ask_sql("select cast(group_concat(entries) as text) from journal").starts_with(rows_before));  // no row was written anew
  BOOST_TEST(ask_sql("select cast(count(*) as text) from personal_key") == "0");
  BOOST_TEST(ask_sql("select name || email from customer") == "");
  BOOST_TEST(audit("cus_1").size() == 1U);
  BOOST_TEST(int_of(must(erase(false)).body, "actors") == 1);  // once more changes nothing and hurts nobody
}

BOOST_FIXTURE_TEST_CASE(does_not_start_under_another_master_key, SafeEngine) {
  stop();
  const auto opened = actors::open_keys(*open_store(), tenant, config::MasterKey{"0123abcd", {}}, wall_now());
  BOOST_REQUIRE(!opened.has_value());
  BOOST_TEST(opened.error().reason == "master_key");
  BOOST_TEST(opened.error().message.find("0123abcd") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
