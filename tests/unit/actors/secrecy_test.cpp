// What is secret or personal, all the way through an engine: at rest, in what people read, and told to who may see it.

#include "actors/definitions.hpp"
#include "actors/erasing.hpp"
#include "actors/resealing.hpp"
#include "actors/sealing.hpp"
#include "core/text_file.hpp"
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
    for (const std::string name : {"connectors/safe", "workflows/vaulted"}) {
      const auto kind = name.substr(0, name.find('/'));
      extra_library.emplace_back(kind + "/library/" + name.substr(kind.size() + 1) + ".yaml", must(read_text_file(STELLWERK_SOURCE_DIR "/tests/support/secrecy/" + name + ".yaml")));
    }
    start();
    tell([&](actors::Views& views) {
      return views.put_server({.id = server, .tenant = tenant, .name = "north", .connector = "safe", .pool = "default", .settings = JsonObject{{"base_url", "http://127.0.0.1:1"}, {"token", token}}, .created_at = wall_now()});
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
  /// All columns of a table `t` as one text.
  std::string all_columns(const std::string& table) {
    return ask_sql("select '(' || group_concat('coalesce(cast(t.' || name || ' as text), '''')', ' || ') || ')' from pragma_table_info('" + table + "')");
  }
  void know_person() {
    tell([&](actors::Views& views) { return views.records().add_customer({"cus_1", tenant, "000000A1", "Erika Mustermann", "erika@example.com", wall_now()}); });
  }
  Result<actors::Answer> erase_person() {
    return wait_for<actors::Answer>([&](auto done) { client().erase({.customer = "cus_1", .note = "asked in writing", .live = true, .caller = admin()}, done); });
  }
  /// Into the receiver's mailbox, as the sender's commit would have left it.
  void put_message(const ActorId& receiver, const ActorId& sender, const JsonObject& payload, bool deferred) {
    sql("insert into mailbox (tenant, receiver, sender, event_id, event, payload, meta, deferred, at, returned) values ('" + tenant.str() + "', '" + receiver.str() + "', '" + sender.str() +
        "', '" + make_id<EventId>("evt").str() + "', 'tell', '" + dump_json(Json(payload)) + "', '{}', " + (deferred ? "1" : "0") + ", 1, 0)");
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

BOOST_FIXTURE_TEST_CASE(leaves_nothing_of_a_forgotten_person_in_any_table_wherever_it_stood, SafeEngine) {
  know_person();
  // a run that is held, whose vendor repeats what it was sent; a person says why it may go on
  const auto id = create_vault(), kept = create_vault();
  driver->play([](const DriverRequest&) { return answer(500, "unknown: " + contact); });
  must(command(id, "open"));
  until("the run is held", [&] { return !incidents().empty(); });
  BOOST_TEST(incidents().front().text.find(contact) != std::string::npos);
  driver->play([](const DriverRequest&) { return answer(200); });
  must(wait_for<actors::Answer>([&](auto done) {
    client().remedy({.incident = incidents().front().id, .remedy = "retry", .note = "Mrs Mustermann agrees", .input = JsonObject{}, .output = JsonObject{}, .caller = staff(), .trace = {}}, done);
  }));
  until_state(id, "opened");
  must(reveal(id, "password", admin()));
  const auto ticket = create("ticket", "ticket", JsonObject{{"subject", contact + " asks"}, {"body", "I am " + contact}, {"department", "support"}});
  // a message that failed and waits for a person
  stop();
  put_message(kept, id, JsonObject{{"contact", contact}, {"divisor", 0}}, false);
  restart();
  until("it has failed", [&] { return !incidents().empty(); });
  for (const auto& actor : {id, kept}) must(command(actor, "end"));
  BOOST_TEST(journal(id).find("Mustermann agrees") != std::string::npos);
  BOOST_TEST(int_of(must(erase_person()).body, "actors") == 3);
  BOOST_TEST(journal(id).find("Mustermann agrees") == std::string::npos);
  BOOST_TEST(ask_sql("select count(*) || '' from value where name = 'purge_owed'") == "0");
  stop();
  for (const char* table : {"actor", "journal", "incident", "audit", "outbox", "ticket", "ticket_message", "service", "mailbox", "customer"})
    for (const char* word : {"Mustermann", "Heidestr"})
      BOOST_TEST(ask_sql(std::string{"select count(*) || '' from "} + table + " t where " + all_columns(table) + " like '%" + word + "%'") == "0", std::string{table} + ": " + word);
}

BOOST_FIXTURE_TEST_CASE(forgets_what_a_waiting_message_says_of_the_person, SafeEngine) {
  know_person();
  const auto id = create_vault(), peer = create_vault();
  stop();
  put_message(id, peer, JsonObject{{"contact", contact}, {"divisor", 1}}, true);
  const auto records = must(database()->open_directory());
  const auto store = open_store();
  must(store->begin_incarnation("nod_test", "host"));
  store->use_incarnation("nod_test");
  const auto library = must(actors::load_library(*store, tenant, {}, wall_now()));
  const auto keys = must(actors::open_keys(*store, tenant, config::MasterKey{}, wall_now()));
  const actors::EraseOffline what{.tenant = tenant, .customer = "cus_1", .note = "asked", .live = true, .by = "command line"};
  BOOST_TEST(must(actors::erase_offline(*store, *records, *library.definitions, *keys, what, wall_now())) == 2);
  const auto waiting = must(store->load(id)).mailbox;
  BOOST_REQUIRE(waiting.size() == 1U);
  const auto payload = must(actors::open_json(*keys, waiting[0].payload, actors::place::message(id, waiting[0].event_id)));
  BOOST_TEST(dump_json(payload) == R"j({"contact":"(erased)","divisor":1})j");
  BOOST_TEST(!tells(files(), contact));
}

/// Somebody comes to the customer just when another actor of theirs is being forgotten.
BOOST_FIXTURE_TEST_CASE(forgets_an_actor_that_came_while_others_were_forgotten, SafeEngine) {
  know_person();
  const auto first = create_vault();
  auto later = creation("service", "vaulted", JsonObject{{"server", server.str()}, {"password", password}, {"contact", contact}});
  later.customer = "cus_2";
  const ActorId second{text_of(must(create(std::move(later))).body, "id")};
  sql("create trigger moves_in after update on actor when new.id = '" + first.str() + "' begin update actor set customer = 'cus_1' where id = '" + second.str() +
      "'; update personal_key set customer = 'cus_1' where actor = '" + second.str() + "'; end");
  BOOST_TEST(int_of(must(erase_person()).body, "actors") == 2);
  BOOST_TEST(ask_sql("select count(*) || '' from personal_key") == "0");
  BOOST_TEST(!find_member(actor(second).attributes, "contact"));
}

BOOST_FIXTURE_TEST_CASE(leaves_no_destroyed_key_in_the_files_however_often_their_pages_were_split, SafeEngine) {
  stop();
  const auto records = must(database()->open_directory());
  must(records->add_customer({"cus_1", tenant, "000000A1", "Erika Mustermann", "erika@example.com", wall_now()}));
  const auto key = [](int n) { return "v1.aa." + config::sha256_hex(std::to_string(n)); };
  constexpr int many = 4'000;
  storage::Session session{storage::DialectKind::sqlite, config::Secret{file()}, storage::SessionUse::reader};
  must(session.connect(1));
  const auto each = [&](const std::function<std::string(int)>& statement) {
    for (int from = 0; from < many; from += 200) {
      must(session.script("begin"));
      for (int i = from; i < from + 200; ++i)
        if (const auto text = statement((i * 1'009) % many); !text.empty()) must(session.script(text));
      must(session.script("commit"));
    }
  };
  each([&](int n) {
    return "insert into personal_key (actor, id, tenant, customer, sealed, created_at) values ('svc_" + std::to_string(n) + "', 'k', '" + tenant.str() + "', 'cus_2', '" + key(n) + "', 1)";
  });
  each([&](int n) { return n % 3 == 0 ? "delete from personal_key where actor = 'svc_" + std::to_string(n) + "'" : std::string{}; });
  must(records->erase_customer(tenant, "cus_1", {.id = "evt_1", .tenant = tenant, .at = wall_now(), .by = "x", .role = "admin", .action = "erase", .object = "cus_1", .field = {}, .note = "x"}));
  // as long as somebody reads an old state, the log cannot be emptied: it is owed, and said
  storage::Session reader{storage::DialectKind::sqlite, config::Secret{file()}, storage::SessionUse::reader};
  must(reader.connect(1));
  must(reader.script("begin"));
  BOOST_REQUIRE(!must(reader.rows("select count(*) from personal_key", "i")).empty());
  BOOST_TEST(!must(records->purge_deleted()));
  BOOST_TEST(ask_sql("select count(*) || '' from value where name = 'purge_owed'") == "1");
  must(reader.script("rollback"));
  BOOST_TEST(must(records->purge_deleted()));
  BOOST_TEST(ask_sql("select count(*) || '' from value where name = 'purge_owed'") == "0");
  const auto all = files();
  int left = 0, lost = 0;
  for (int n = 0; n < many; ++n) {
    const bool found = all.find(key(n).substr(6, 32)) != std::string::npos;  // a half of it is too much, too
    if (n % 3 == 0 && found) ++left;
    if (n % 3 != 0 && !found) ++lost;
  }
  BOOST_TEST(left == 0);
  BOOST_TEST(lost == 0);
}

BOOST_FIXTURE_TEST_CASE(keeps_of_a_requests_body_only_what_nobody_can_try_bodies_against, SafeEngine) {
  auto order = creation("service", "vaulted", JsonObject{{"server", server.str()}, {"password", password}});
  order.idempotency = actors::Idempotency{.scope = "s", .key = "k1", .body_hash = config::sha256_hex("the body")};
  const auto made = must(create(order));
  const auto kept = ask_sql("select body_hash from idempotency where key = 'k1'");
  BOOST_TEST(kept.starts_with("k1."));
  BOOST_TEST(kept.find(order.idempotency->body_hash) == std::string::npos);
  BOOST_TEST((must(create(order)).body == made.body));
  auto other = order;
  other.idempotency->body_hash = config::sha256_hex("another body");
  BOOST_TEST(create(other).error().reason == "idempotency_key_reused");
  // what an earlier version kept, and what was kept under a master key that is no more
  sql("update idempotency set body_hash = '" + order.idempotency->body_hash + "'");
  BOOST_TEST((must(create(order)).body == made.body));
  BOOST_TEST(create(other).error().reason == "idempotency_key_reused");
  sql("update idempotency set body_hash = 'k1.0badc0de." + std::string(64, 'a') + "'");
  BOOST_TEST((must(create(order)).body == made.body));
}

BOOST_FIXTURE_TEST_CASE(does_not_start_under_another_master_key, SafeEngine) {
  stop();
  const auto opened = actors::open_keys(*open_store(), tenant, config::MasterKey{"0123abcd", {}}, wall_now());
  BOOST_REQUIRE(!opened.has_value());
  BOOST_TEST(opened.error().reason == "master_key");
  BOOST_TEST(opened.error().message.find("0123abcd") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
