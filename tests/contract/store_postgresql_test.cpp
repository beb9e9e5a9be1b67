// The contract on PostgreSQL: one server for the program, one database for each case.
#include "tests/support/postgres.hpp"

#include <libpq-fe.h>

#include <string>
#include <tuple>

#include "storage/session.hpp"
#include "tests/contract/backends.hpp"
#include "tests/contract/cutting_proxy.hpp"

namespace stellwerk::testing {

inline TestPostgres& server() {
  static TestPostgres running;
  return running;
}

struct PostgresBackend {
  std::string name;
  std::string url;
  std::shared_ptr<storage::SqlDatabase> database;

  PostgresBackend() {
    static int count = 0;
    name = "case_" + std::to_string(++count);
    server().create_database(name);
    url = server().url(name);
    database = must(storage::open_database(config::Secret{url}));
    must(database->migrate());
  }
  /// The first cell of the answer, asked over a connection of its own.
  std::string ask(const std::string& sql) const {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{PQconnectdb(url.c_str()), &PQfinish};
    const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQexec(connection.get(), sql.c_str()), &PQclear};
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : PQerrorMessage(connection.get());
  }
  /// What the lease sees of time: the heartbeats are so much older.
  void let_pass(Duration span) const { ask("update node_heartbeat set at = at - " + std::to_string(span.count())); }
  /// Ends every other connection to this database.
  void cut_connections() const {
    ask("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
  }
};

}  // namespace stellwerk::testing

using Backends = std::tuple<stellwerk::testing::PostgresBackend>;

#include "tests/contract/store_contract.hpp"

#include "tests/contract/action_contract.hpp"

#include "tests/contract/transition_contract.hpp"

#include "tests/contract/guard_contract.hpp"

#include "tests/contract/directory_contract.hpp"

#include "tests/contract/doctor_contract.hpp"

#include "tests/contract/retention_contract.hpp"

#include "tests/contract/node_contract.hpp"

using SharedBackends = Backends;

#include "tests/contract/lease_contract.hpp"

BOOST_AUTO_TEST_SUITE(postgresql)

BOOST_AUTO_TEST_CASE(a_cut_connection_between_two_commits_is_opened_again) {
  PostgresBackend backend;
  auto store = open_writer(backend);
  auto directory = must(backend.database->open_directory());
  BOOST_TEST((commit_one(*store, create("svc_a")) == Status::committed));
  BOOST_TEST(must(directory->find_actor(tenant, ActorId{"svc_a"})).has_value());
  backend.cut_connections();
  BOOST_TEST((commit_one(*store, update("svc_a", 1)) == Status::committed));
  backend.cut_connections();
  BOOST_TEST(version_of(*store, "svc_a") == 2);
  BOOST_TEST(must(directory->find_actor(tenant, ActorId{"svc_a"}))->version == 2);
}

BOOST_AUTO_TEST_CASE(a_batch_whose_connection_ends_before_its_commit_is_written_once) {
  PostgresBackend backend;
  auto store = open_writer(backend);
  BOOST_TEST((commit_one(*store, create("svc_a")) == Status::committed));
  // The connection ends inside the transaction, behind the journal: written again, not doubled.
  backend.ask("create sequence once; create function cut() returns trigger language plpgsql as $$ begin "
              "if nextval('once') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if; return new; end $$; "
              "create trigger cut after insert on journal_default for each row execute function cut()");
  backend.ask("do $$ declare t text; begin for t in select inhrelid::regclass::text from pg_inherits where inhparent = 'journal'::regclass and "
              "inhrelid::regclass::text <> 'journal_default' loop execute 'create trigger cut after insert on ' || t || ' for each row execute function cut()'; end loop; end $$");
  BOOST_TEST((commit_one(*store, update("svc_a", 1)) == Status::committed));
  BOOST_TEST(backend.ask("select last_value > 1 from once") == "t");
  BOOST_TEST(version_of(*store, "svc_a") == 2);
  BOOST_TEST(backend.ask("select count(*) from journal") == "2");
}

BOOST_AUTO_TEST_CASE(a_commit_whose_answer_is_lost_is_recognised_as_our_own) {
  PostgresBackend backend;
  CuttingProxy proxy{server().port()};
  const auto database = must(open_database(config::Secret{"postgresql://postgres@127.0.0.1:" + std::to_string(proxy.port()) + "/" + backend.name}));
  auto store = must(database->open_store());
  must(store->begin_incarnation(incarnation, "host-a"));
  BOOST_TEST((commit_one(*store, create("svc_a")) == Status::committed));
  auto sender = update("svc_a", 1);
  sender.changes[0].messages = {message_to("svc_b", "svc_a", "hello")};
  auto keyed = create("svc_c");
  keyed.idempotency = IdempotencyRow{"scope", "key", "hash", 202, JsonObject{}, noon};
  proxy.swallow_next_commit();
  const auto results = commit(*store, {sender, update("svc_a", 9), keyed, update("svc_a", 2)});
  BOOST_TEST(proxy.swallowed());
  // the third decision of svc_a follows one that conflicts: it was never written
  BOOST_TEST((results[0].status == Status::committed && results[1].status == Status::conflict && results[2].status == Status::committed));
  BOOST_TEST((results[3].status == Status::conflict));
  BOOST_TEST(backend.ask("select count(*) from mailbox") == "1");
  BOOST_TEST(backend.ask("select count(*) from journal") == "3");

  must(store->put_id_range({tenant, "vmid", 1, 9}));
  auto step = update("svc_a", 2);
  step.changes[0].attempts = {attempt_of("svc_a", "run_1", "att_1", "id.allocate", JsonObject{{"range", "vmid"}})};
  BOOST_TEST((commit_one(*store, step) == Status::committed));
  proxy.swallow_next_commit();
  const ActionRequest request{step.changes[0].attempts[0]};
  BOOST_TEST(int_of(must(store->run_actions({&request, 1}, noon)).at(0).result, "id") == 1);
  BOOST_TEST(proxy.swallowed());
  BOOST_TEST(backend.ask("select count(*) from id_lease") == "1");
}

BOOST_AUTO_TEST_CASE(a_server_that_was_killed_and_comes_back_keeps_what_was_committed) {
  PostgresBackend backend;
  auto store = open_writer(backend);
  BOOST_TEST((commit_one(*store, create("svc_a")) == Status::committed));
  server().kill9();
  const auto lost = store->commit(std::vector{update("svc_a", 1)});
  BOOST_REQUIRE(!lost);
  BOOST_TEST((lost.error().code == ErrorCode::unavailable));
  server().start();
  BOOST_TEST((commit_one(*store, update("svc_a", 1)) == Status::committed));
}

BOOST_AUTO_TEST_CASE(a_live_node_of_another_host_keeps_the_database) {
  PostgresBackend backend;
  auto first = open_writer(backend);
  auto other = must(backend.database->open_store());
  const auto refused = other->begin_incarnation("nod_2", "host-b");
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::conflict));
  BOOST_TEST((commit_one(*first, create("svc_a")) == Status::committed));
  backend.ask("update node_heartbeat set at = at - 16000000");
  must(other->begin_incarnation("nod_2", "host-b"));
  BOOST_TEST(!first->commit(std::vector{create("svc_b")}));
  BOOST_TEST(backend.ask("select count(*) from shard where incarnation = 'nod_2'") == "1024");
  BOOST_TEST(backend.ask("select count(*) from actor") == "1");
}

/// The session of a node that was stopped in the middle of a batch: it holds its fence row.
BOOST_AUTO_TEST_CASE(a_takeover_waits_for_a_batch_in_flight_and_the_server_ends_one_that_stands_still) {
  PostgresBackend backend;
  auto first = must(backend.database->open_store());
  must(first->begin_incarnation("nod_1", "host-a", std::chrono::seconds{3}));
  const std::unique_ptr<PGconn, decltype(&PQfinish)> stopped{PQconnectdb(backend.url.c_str()), &PQfinish};
  for (const char* sql : {"set idle_in_transaction_session_timeout = '1s'", "begin", "select 1 from node_fence where incarnation = 'nod_1' for key share"})
    PQclear(PQexec(stopped.get(), sql));
  backend.let_pass(std::chrono::seconds{4});
  auto second = must(backend.database->open_store());
  // It comes back when the server has ended the session that stood still, and not before.
  must(second->begin_incarnation("nod_2", "host-b"));
  const std::unique_ptr<PGresult, decltype(&PQclear)> late{PQexec(stopped.get(), "commit"), &PQclear};
  BOOST_TEST((PQresultStatus(late.get()) != PGRES_COMMAND_OK));
  BOOST_TEST(!first->commit(std::vector{create("svc_b")}));
}

BOOST_AUTO_TEST_CASE(the_sessions_of_a_node_are_ended_within_a_third_of_its_lease) {
  PostgresBackend backend;
  const auto database = must(open_database(config::Secret{backend.url}, std::chrono::seconds{6}));
  auto store = must(database->open_store());
  must(store->begin_incarnation("nod_1", "host-a", std::chrono::seconds{6}));
  // a session that holds its fence and says no more
  BOOST_TEST(backend.ask("select count(*) from pg_stat_activity where datname = current_database() and application_name = 'stellwerk'") >= "1");
  Session session{DialectKind::postgresql, config::Secret{backend.url}, SessionUse::engine, std::chrono::seconds{2}};
  must(session.connect(1));
  BOOST_TEST(std::get<std::string>(must(session.rows("select current_setting('idle_in_transaction_session_timeout')", "t"))[0][0]) == "2s");
  session.set_incarnation("nod_1");
  const auto outside = session.execute("update value set content = ''");
  BOOST_REQUIRE(!outside);
  BOOST_TEST((outside.error().code == ErrorCode::internal));
}

BOOST_AUTO_TEST_CASE(who_holds_a_database_is_told_before_anything_is_changed) {
  PostgresBackend backend;
  auto holder = [&](const std::string& host) { return must(backend.database->holder(host)).value_or("nobody"); };
  BOOST_TEST(holder("host-b") == "nobody");
  auto first = must(backend.database->open_store());
  must(first->begin_incarnation("nod_1", "host-a", std::chrono::seconds{30}));
  BOOST_TEST(holder("host-b") == "host-a");
  BOOST_TEST(holder("host-a") == "nobody");
  backend.ask("alter table node_heartbeat drop column lease");  // a schema before 0006
  BOOST_TEST(holder("host-b") == "host-a");
  backend.let_pass(std::chrono::seconds{16});
  BOOST_TEST(holder("host-b") == "nobody");
  server().create_database("empty");
  BOOST_TEST(!must(must(open_database(config::Secret{server().url("empty")}))->holder("host-b")));
}

BOOST_AUTO_TEST_CASE(the_records_beside_the_engine_are_fenced_too) {
  PostgresBackend backend;
  auto first = must(backend.database->open_store());
  must(first->begin_incarnation("nod_1", "host-a"));
  backend.database->use_incarnation("nod_1");
  auto directory = must(backend.database->open_directory());
  BOOST_TEST(must(directory->settle_value("x", "first")) == "first");
  BOOST_TEST(must(directory->settle_value("x", "second")) == "first");
  auto second = must(backend.database->open_store());
  must(second->begin_incarnation("nod_2", "host-a"));
  const auto product = directory->put_product({.id = ProductId{"prd_1"}, .tenant = tenant, .name = "p", .workflow = "w", .created_at = noon});
  BOOST_REQUIRE(!product);
  BOOST_TEST(product.error().reason == "fenced");
  const auto account = directory->add_account({.id = UserId{"usr_1"}, .tenant = tenant, .email = "a@example.com", .role = "staff", .name = "A", .created_at = noon});
  BOOST_REQUIRE(!account);
  BOOST_TEST(account.error().reason == "fenced");
  const auto login = directory->add_session({.id = "ses_1", .user = UserId{"usr_1"}, .tenant = tenant, .created_at = noon, .expires_at = noon});
  BOOST_REQUIRE(!login);
  BOOST_TEST(login.error().reason == "fenced");
}

BOOST_AUTO_TEST_CASE(the_journal_of_a_month_lies_in_its_own_partition) {
  PostgresBackend backend;
  auto store = open_writer(backend);
  BOOST_TEST((commit_one(*store, create("svc_a")) == Status::committed));
  BOOST_TEST(backend.ask("select count(*) from journal_2026_03") == "1");
  BOOST_TEST(backend.ask("select count(*) from journal_default") == "0");
}


BOOST_AUTO_TEST_SUITE_END()
