// The contract of Directory and of the projections it reads. Included by a program that defines `Backends`.

#include <boost/test/unit_test.hpp>

#include "tests/contract/backends.hpp"
#include "tests/contract/builders.hpp"

namespace contract {

using namespace stellwerk;
using namespace stellwerk::testing;
using namespace stellwerk::storage;

template <class Backend>
struct DirectoryFixture {
  Backend backend;
  std::unique_ptr<Store> store = open_writer(backend);
  std::unique_ptr<Directory> directory = must(backend.database->open_directory());

  void commit(std::vector<Commit> batch) {
    for (const auto& result : must(store->commit(batch))) BOOST_REQUIRE_MESSAGE(result.status == CommitStatus::committed, result.error);
  }
};

inline Commit service(const std::string& id, const std::string& customer, const std::string& hostname) {
  auto commit = create(id, "service");
  commit.changes[0].row.customer = customer;
  commit.changes[0].row.attributes = JsonObject{{"hostname", hostname}, {"order", "ord_1"}, {"product", "prd_1"}};
  return commit;
}

inline Commit ticket(const std::string& id, const TenantId& of = tenant) {
  auto commit = create(id, "ticket");
  auto& change = commit.changes[0];
  change.row.tenant = of;
  change.row.status = "open";
  change.row.attributes = JsonObject{{"subject", "No ping"}, {"department", "support"}, {"priority", "high"}, {"service", "svc_1"}, {"body", "It is down."}};
  change.applied.payload = change.row.attributes;
  return commit;
}

inline Commit ticket_event(const std::string& id, std::int64_t version, const std::string& event, const std::string& body, const std::string& status) {
  auto commit = update(id, version);
  auto& change = commit.changes[0];
  change.row.kind = "ticket";
  change.row.status = status;
  change.row.attributes = JsonObject{{"subject", "No ping"}, {"department", "network"}};
  change.row.updated_at = noon + std::chrono::minutes{version};
  change.applied = {EventId{"evt_" + id + event + std::to_string(version)}, event, JsonObject{{"body", body}}, "usr_2", "staff"};
  return commit;
}

}  // namespace contract
using namespace contract;

BOOST_AUTO_TEST_SUITE(directory_contract)

BOOST_AUTO_TEST_CASE_TEMPLATE(migrating_twice_changes_nothing, Backend, Backends) {
  Backend backend;
  BOOST_TEST(must(backend.database->migrate()).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(services_are_listed_newest_first_in_pages, Backend, Backends) {
  DirectoryFixture<Backend> f;
  std::vector<Commit> batch;
  for (int i = 1; i <= 5; ++i) batch.push_back(service("svc_" + std::to_string(i), i % 2 == 0 ? "cus_2" : "cus_1", "host" + std::to_string(i) + ".example.com"));
  f.commit(batch);
  auto page = must(f.directory->list_services(tenant, "", {"", 2}));
  BOOST_REQUIRE(page.size() == 2);
  BOOST_TEST((page[0].id == ActorId{"svc_5"} && page[1].id == ActorId{"svc_4"} && page[1].hostname == "host4.example.com" && page[1].order == "ord_1"));
  page = must(f.directory->list_services(tenant, "", {"svc_4", 50}));
  BOOST_REQUIRE(page.size() == 3);
  BOOST_TEST(page[0].id.str() == "svc_3");
  BOOST_TEST(must(f.directory->list_services(tenant, "cus_2", {})).size() == 2);
  BOOST_TEST(must(f.directory->list_services(TenantId{"ten_other"}, "", {})).empty());
  BOOST_TEST(!must(f.directory->find_service(TenantId{"ten_other"}, ActorId{"svc_1"})));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_service_shows_the_state_and_attributes_of_its_actor, Backend, Backends) {
  DirectoryFixture<Backend> f;
  f.commit({service("svc_1", "cus_1", "a.example.com")});
  auto moved = update("svc_1", 1);
  moved.changes[0].row.kind = "service";
  moved.changes[0].row.state = "suspending";
  moved.changes[0].row.status = "active";
  moved.changes[0].row.attributes = JsonObject{{"hostname", "b.example.com"}, {"server", "srv_1"}};
  f.commit({moved});
  const auto view = must(f.directory->find_service(tenant, ActorId{"svc_1"}));
  BOOST_REQUIRE(view);
  BOOST_TEST((view->hostname == "b.example.com" && view->server == "srv_1" && view->state == "suspending" && view->version == 2 && view->workflow == "test-flow"));
  BOOST_TEST(text_of(view->attributes, "server") == "srv_1");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(tickets_count_per_tenant_and_keep_their_messages, Backend, Backends) {
  DirectoryFixture<Backend> f;
  const TenantId other{"ten_2"};
  f.commit({ticket("tkt_1"), ticket("tkt_2"), ticket("tkt_9", other)});
  f.commit({ticket("tkt_3")});
  BOOST_TEST(must(f.directory->find_ticket(tenant, ActorId{"tkt_1"}))->number == "1001");
  BOOST_TEST(must(f.directory->find_ticket(tenant, ActorId{"tkt_3"}))->number == "1003");
  BOOST_TEST(must(f.directory->find_ticket(other, ActorId{"tkt_9"}))->number == "1001");
  f.commit({ticket_event("tkt_1", 1, "reply", "We look.", "answered"), ticket_event("tkt_2", 1, "close", "", "closed")});
  f.commit({ticket_event("tkt_1", 2, "note", "cable?", "answered")});
  const auto view = must(f.directory->find_ticket(tenant, ActorId{"tkt_1"}));
  BOOST_TEST((view->subject == "No ping" && view->department == "network" && view->status == "answered" && view->last_reply_at == noon + std::chrono::minutes{1}));
  const auto all = must(f.directory->ticket_messages(tenant, ActorId{"tkt_1"}, true));
  BOOST_REQUIRE(all.size() == 3);
  BOOST_TEST((all[0].body == "It is down." && all[0].role == "customer" && all[1].author == "usr_2" && all[1].role == "staff" && all[2].internal));
  BOOST_TEST(must(f.directory->ticket_messages(tenant, ActorId{"tkt_1"}, false)).size() == 2);
  BOOST_TEST(must(f.directory->ticket_messages(tenant, ActorId{"tkt_2"}, true)).size() == 1);
  BOOST_TEST(must(f.directory->list_tickets(tenant, "", "open", {})).size() == 1);
  BOOST_TEST(must(f.directory->list_tickets(tenant, "cus_1", "", {})).size() == 3);
  BOOST_TEST(must(f.directory->list_tickets(tenant, "cus_1", "closed", {})).size() == 1);
  BOOST_TEST(must(f.directory->list_tickets(tenant, "cus_2", "", {})).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(accounts_customers_and_sessions_are_found_again, Backend, Backends) {
  DirectoryFixture<Backend> f;
  AccountRow account{UserId{"usr_1"}, tenant, "a@example.com", "staff", "A", "hash", "", false, noon};
  must(f.directory->add_account(account));
  account.id = UserId{"usr_2"};
  BOOST_TEST((f.directory->add_account(account).error().code == ErrorCode::conflict));
  const auto found = must(f.directory->find_account(tenant, "a@example.com"));
  BOOST_TEST((found && found->id == UserId{"usr_1"} && found->role == "staff" && !found->disabled && found->created_at == noon));
  BOOST_TEST((must(f.directory->find_account_by_id(UserId{"usr_1"}))->email == "a@example.com"));
  BOOST_TEST(!must(f.directory->find_account(TenantId{"ten_2"}, "a@example.com")));
  const CustomerRow customer{"cus_1", tenant, "0000A1B2", "Ann", "a@example.com", noon};
  must(f.directory->add_customer(customer));
  BOOST_TEST((f.directory->add_customer(customer).error().code == ErrorCode::conflict));
  BOOST_TEST(must(f.directory->find_customer(tenant, "cus_1"))->number == "0000A1B2");
  must(f.directory->add_session({"ses_1", UserId{"usr_1"}, tenant, noon, noon + std::chrono::hours{1}, false}));
  must(f.directory->revoke_session("ses_1"));
  BOOST_TEST(must(f.directory->find_session("ses_1"))->revoked);
  BOOST_TEST((f.directory->revoke_session("ses_2").error().code == ErrorCode::not_found));
  ProductRow product{ProductId{"prd_1"}, tenant, "VM S", "test-flow", JsonObject{{"cores", 2}}, true, noon};
  must(f.directory->put_product(product));
  product.name = "VM M";
  must(f.directory->put_product(product));
  BOOST_TEST(must(f.directory->find_product(tenant, product.id))->name == "VM M");
  BOOST_TEST(must(f.directory->list_products(tenant, {"prd_1", 10})).empty());
  const std::vector<std::string> ids{"prd_1", "cus_1", "prd_2"};
  const auto referenced = must(f.store->read_references(tenant, ids));
  BOOST_REQUIRE(referenced.size() == 2U);
  const auto& plan = referenced[0].kind == "product" ? referenced[0] : referenced[1];
  const auto& owner = referenced[0].kind == "product" ? referenced[1] : referenced[0];
  BOOST_TEST((plan.id == "prd_1" && plan.version == 2 && text_of(plan.fields, "name") == "VM M" && int_of(plan.fields, "cores") == 2));
  BOOST_TEST((owner.kind == "customer" && text_of(owner.fields, "number") == "0000A1B2" && text_of(owner.fields, "status") == "active"));
  must(f.store->put_server({ServerId{"srv_1"}, tenant, "n", "proxmox", "vm", 3, 0, "active", JsonObject{}, noon}));
  BOOST_TEST(must(f.directory->list_servers(tenant, {})).size() == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(journal_runs_incidents_and_outbox_read_as_written, Backend, Backends) {
  DirectoryFixture<Backend> f;
  auto first = create("svc_a");
  auto& change = first.changes[0];
  change.run = RunRow{RunId{"run_1"}, tenant, ActorId{"svc_a"}, "test-flow", 1, "go", "working", "running", "one", "trace-1", noon, {}};
  change.attempts = {attempt_of("svc_a", "run_1", "att_1")};
  change.outbox = {outbox_event("evt_1", "svc_a"), outbox_event("evt_2", "svc_a")};
  IncidentRow incident;
  incident.id = IncidentId{"inc_1"};
  incident.tenant = tenant;
  incident.kind = "held_run";
  incident.actor = ActorId{"svc_a"};
  incident.run = RunId{"run_1"};
  incident.text = "vendor's \"own\" text";
  incident.remedies = {"retry", "skip"};
  incident.opened_at = noon;
  change.incidents = {incident};
  f.commit({first});
  auto second = update("svc_a", 1);
  second.changes[0].run = *change.run;
  second.changes[0].run->status = "done";
  IncidentRow closing;  // whoever closes it knows no more than its id
  closing.id = incident.id;
  closing.tenant = tenant;
  closing.state = "closed";
  closing.closed_how = "skip";
  second.changes[0].incidents = {closing};
  f.commit({second});
  const auto journal = must(f.directory->journal(tenant, ActorId{"svc_a"}, 0, 10));
  BOOST_REQUIRE(journal.size() == 2);
  BOOST_TEST((journal[0].version == 1 && journal[0].decision == "dec_svc_a_1" && journal[0].trace == "trace-1" && journal[0].at == noon));
  BOOST_TEST(dump_json(journal[0].entries) == R"([{"entry":"poked"}])");
  BOOST_TEST(must(f.directory->journal(tenant, ActorId{"svc_a"}, 1, 10)).size() == 1);
  BOOST_TEST(must(f.directory->find_run(tenant, RunId{"run_1"}))->status == "done");
  BOOST_TEST(must(f.directory->list_runs(tenant, ActorId{"svc_a"}, {})).size() == 1);
  BOOST_TEST(must(f.directory->live_attempts(tenant, RunId{"run_1"})).size() == 1);
  BOOST_TEST(must(f.directory->list_incidents(tenant, "open", {})).empty());
  const auto found = must(f.directory->find_incident(tenant, IncidentId{"inc_1"}));
  BOOST_TEST((found && found->closed_how == "skip" && found->text == incident.text && found->remedies == incident.remedies && found->opened_at == noon));
  BOOST_TEST(must(f.directory->list_incidents(tenant, "", {})).size() == 1);
  const auto outbox = must(f.directory->list_outbox(tenant, {"evt_1", 10}));
  BOOST_REQUIRE(outbox.size() == 1);
  BOOST_TEST(text_of(outbox[0].data, "to") == "active");
  BOOST_TEST(must(f.directory->find_actor(tenant, ActorId{"svc_a"}))->version == 2);
  BOOST_TEST(!must(f.directory->find_actor(TenantId{"ten_2"}, ActorId{"svc_a"})));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(leases_list_every_number_address_and_place_in_use, Backend, Backends) {
  DirectoryFixture<Backend> f;
  must(f.store->put_id_range({tenant, "vmid", 9, 20}));
  must(f.store->put_addresses(std::vector<AddressRow>{{tenant, "lan", "10.0.0.2"}, {tenant, "lan", "10.0.0.3"}}));
  must(f.store->put_server({ServerId{"srv_1"}, tenant, "n", "proxmox", "vm", 3, 0, "active", JsonObject{}, noon}));
  int n = 0;
  for (const auto& [operation, input] : {std::pair<std::string, Json>{"id.allocate", JsonObject{{"range", "vmid"}}},
                                         {"id.allocate", JsonObject{{"range", "vmid"}}},
                                         {"ip.allocate", JsonObject{{"pool", "lan"}}},
                                         {"pool.place", JsonObject{{"pool", "vm"}}}}) {
    const auto id = std::to_string(++n);
    auto decided = create("svc_" + id);
    decided.changes[0].attempts = {attempt_of("svc_" + id, "run_" + id, "att_" + id, operation, input)};
    f.commit({decided});
    const ActionRequest request{decided.changes[0].attempts[0]};
    BOOST_TEST((must(f.store->run_actions({&request, 1}, noon)).at(0).status == ActionResult::Status::done));
  }
  const auto leases = must(f.directory->list_leases(tenant));
  BOOST_REQUIRE(leases.size() == 4);
  BOOST_TEST((leases[0].type == "address" && leases[0].value == "10.0.0.2" && leases[0].pool == "lan" && leases[0].owner == "svc_3" && leases[0].state == "taken"));
  BOOST_TEST((leases[1].type == "id" && leases[1].value == "9" && leases[2].value == "10"));
  BOOST_TEST((leases[3].type == "place" && leases[3].pool == "vm" && leases[3].value == "srv_1" && leases[3].owner == "svc_4"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_a_key_sealed_is_found_table_by_table_and_written_back, Backend, Backends) {
  DirectoryFixture<Backend> f;
  auto made = create("svc_a");
  auto& change = made.changes[0];
  change.row.attributes = JsonObject{{"pin", JsonObject{{"$sealed", "v1.aa11.x"}}}};
  change.attempts = {attempt_of("svc_a", "run_1", "att_1", "noop.run", JsonObject{{"$sealed", "v1.aa11.y"}})};
  change.messages = {message_to("svc_a", "", "poke", true)};
  change.messages[0].payload = JsonObject{{"$sealed", "v1.aa11.z"}};
  change.personal_key = PersonalKeyRow{.id = "k1", .tenant = tenant, .customer = "cus_1", .actor = ActorId{"svc_a"}, .sealed = "v1.aa11.k", .created_at = noon};
  f.commit({made, create("svc_b")});
  must(f.store->put_server({.id = ServerId{"srv_1"}, .tenant = tenant, .name = "n", .connector = "c", .pool = "p", .settings = JsonObject{{"token", "v1.aa11.t"}}, .created_at = noon}));
  must(f.store->put_setting(tenant, {.level = SettingValue::Level::tenant, .owner = {}, .workflow = "w", .name = "s", .value = JsonObject{{"$sealed", "v1.aa11.s"}}, .by = {}, .note = {}, .at = noon}));
  must(f.store->add_data_key({.id = "aa11", .tenant = tenant, .sealed = "v1.m.x", .created_at = noon}));
  BOOST_TEST(must(f.directory->count_sealed(tenant, "aa11")) == 7);  // actor, mailbox, attempt, server, setting with its history, key
  BOOST_TEST(must(f.directory->count_sealed(TenantId{"ten_2"}, "aa11")) == 0);
  BOOST_TEST((f.directory->destroy_data_key(tenant, "aa11").error().code == ErrorCode::conflict));
  for (const auto& table : sealed_tables()) {
    for (std::string after;;) {
      auto rows = must(f.directory->sealed_documents(tenant, "aa11", table, after, 1));
      if (rows.empty()) break;
      after = rows.back().ids.front();
      for (auto& row : rows)
        for (auto& text : row.documents)
          if (const auto at = text.find("aa11"); at != std::string::npos) text.replace(at, 4, "bb22");
      must(f.directory->put_sealed(rows));
    }
  }
  BOOST_TEST(must(f.directory->count_sealed(tenant, "aa11")) == 0);
  BOOST_TEST(must(f.directory->count_sealed(tenant, "bb22")) == 7);
  const auto loaded = must(f.store->load(ActorId{"svc_a"}));
  BOOST_TEST(dump_json(loaded.row.attributes) == R"({"pin":{"$sealed":"v1.bb22.x"}})");
  BOOST_TEST(loaded.personal_key->sealed == "v1.bb22.k");
  must(f.directory->destroy_data_key(tenant, "aa11"));
  BOOST_TEST(must(f.store->data_keys(tenant)).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_erased_customer_leaves_a_number_and_nothing_personal, Backend, Backends) {
  DirectoryFixture<Backend> f;
  must(f.directory->add_customer({"cus_1", tenant, "000000A1", "Erika Mustermann", "erika@example.com", noon}));
  must(f.directory->add_account({UserId{"usr_1"}, tenant, "erika@example.com", "customer", "Erika", "hash", "cus_1", false, noon}));
  must(f.directory->add_session({"ses_1", UserId{"usr_1"}, tenant, noon, noon + std::chrono::hours{1}, false}));
  auto of_them = ticket("tkt_1");
  of_them.changes[0].outbox = {outbox_event("evt_n1", "tkt_1")};
  of_them.changes[0].personal_key = PersonalKeyRow{.id = "k1", .tenant = tenant, .customer = "cus_1", .actor = ActorId{"tkt_1"}, .sealed = "x", .created_at = noon};
  const auto incident = [](const std::string& id, const std::string& actor, const std::string& kind) {
    return IncidentRow{.id = IncidentId{id}, .tenant = tenant, .kind = kind, .actor = ActorId{actor}, .actor_kind = "service", .run = {}, .step = {}, .error_class = "unclear", .code = "odd",
                       .text = "Erika is unknown", .detail = JsonObject{{"name", "Erika"}}, .remedies = {"retry"}, .opened_at = noon};
  };
  of_them.changes[0].incidents = {incident("inc_1", "tkt_1", "event_failed"), incident("inc_2", "tkt_1", "held_run")};
  auto ended = service("svc_1", "cus_1", "erika.example.com");
  ended.changes[0].row.live = false;
  auto of_others = ticket("tkt_2");
  of_others.changes[0].row.customer = "cus_2";
  of_others.changes[0].incidents = {incident("inc_3", "tkt_2", "event_failed")};
  f.commit({of_them, of_others, ended});
  const auto seen = [&](const std::string& id, const std::string& object) {
    must(f.store->add_audit({.id = id, .tenant = tenant, .at = noon, .by = "usr_9", .role = "admin", .action = "reveal", .object = object, .field = "pin", .note = "Erika called"}));
  };
  seen("evt_r1", "tkt_1");
  seen("evt_r2", "tkt_2");
  const AuditRow audit{.id = "evt_a", .tenant = tenant, .at = noon, .by = "usr_9", .role = "admin", .action = "erase", .object = "cus_1", .field = {}, .note = "asked"};
  BOOST_TEST((f.directory->erase_customer(tenant, "cus_none", audit).error().code == ErrorCode::not_found));
  // the key goes with its actor: one that is there yet belongs to somebody who was not erased
  const auto too_early = f.directory->erase_customer(tenant, "cus_1", audit);
  BOOST_TEST((!too_early && too_early.error().reason == "personal_key"));
  BOOST_TEST(must(f.directory->find_customer(tenant, "cus_1"))->name == "Erika Mustermann");
  auto forgotten = update("tkt_1", 1);
  forgotten.changes[0].row.kind = "ticket";
  forgotten.changes[0].row.customer = "cus_1";
  forgotten.changes[0].row.attributes = of_them.changes[0].row.attributes;
  forgotten.changes[0].forget_person = true;
  f.commit({forgotten});
  must(f.directory->erase_customer(tenant, "cus_1", audit));
  BOOST_TEST(must(f.store->get_value("purge_owed")).has_value());
  BOOST_TEST(must(f.directory->purge_deleted()));
  BOOST_TEST(!must(f.store->get_value("purge_owed")).has_value());
  BOOST_TEST(must(f.directory->purge_deleted()));  // nothing is owed
  BOOST_TEST(must(f.directory->find_ticket(tenant, ActorId{"tkt_1"}))->subject == "(erased)");
  BOOST_TEST(must(f.directory->find_ticket(tenant, ActorId{"tkt_2"}))->subject != "(erased)");
  BOOST_TEST(must(f.directory->find_service(tenant, ActorId{"svc_1"}))->hostname.empty());
  const auto told = [&](const std::string& id) { return must(f.directory->find_incident(tenant, IncidentId{id})).value(); };
  BOOST_TEST((told("inc_1").text == "(erased)" && dump_json(told("inc_1").detail) == "{}" && told("inc_1").code == "odd"));
  BOOST_TEST((told("inc_2").text == "Erika is unknown"));  // a run is held by it
  BOOST_TEST((told("inc_3").text == "Erika is unknown"));
  BOOST_TEST(must(f.directory->list_audit(tenant, "tkt_1", {})).at(0).note == "(erased)");
  BOOST_TEST(must(f.directory->list_audit(tenant, "tkt_2", {})).at(0).note == "Erika called");
  const auto customer = must(f.directory->find_customer(tenant, "cus_1"));
  BOOST_TEST((customer && customer->name.empty() && customer->email.empty() && customer->number == "000000A1"));
  const auto account = must(f.directory->find_account_by_id(UserId{"usr_1"}));
  BOOST_TEST((account && account->disabled && account->name.empty() && account->password_hash.empty() && account->email == "usr_1@erased.invalid"));
  BOOST_TEST(must(f.directory->find_session("ses_1"))->revoked);
  BOOST_TEST(must(f.directory->ticket_messages(tenant, ActorId{"tkt_1"}, true)).at(0).body == "(erased)");
  BOOST_TEST(must(f.directory->ticket_messages(tenant, ActorId{"tkt_2"}, true)).at(0).body == "It is down.");
  BOOST_TEST(dump_json(must(f.directory->list_outbox(tenant, {})).at(0).data) == "{}");
  BOOST_TEST(!must(f.directory->find_personal_key(tenant, ActorId{"tkt_1"})));
  const auto entries = must(f.directory->list_audit(tenant, "cus_1", {}));
  BOOST_TEST((entries.size() == 1 && entries[0].note == "asked" && entries[0].by == "usr_9"));
}

BOOST_AUTO_TEST_SUITE_END()
