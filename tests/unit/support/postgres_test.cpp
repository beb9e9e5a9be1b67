#include "tests/support/postgres.hpp"

#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <memory>
#include <string>

using namespace stellwerk::testing;

namespace {

std::string ask(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{PQconnectdb(url.c_str()), &PQfinish};
  const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQexec(connection.get(), sql.c_str()), &PQclear};
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : PQerrorMessage(connection.get());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres)

BOOST_AUTO_TEST_CASE(keeps_committed_rows_over_a_kill_and_leaves_nothing_running) {
  int port = 0;
  {
    TestPostgres server;
    port = server.port();
    server.create_database("a \"b");
    BOOST_TEST(ask(server.url(), "show synchronous_commit") == "on");  // an answered commit has reached the kernel
    BOOST_TEST(ask(server.url(), "create table t (n int); insert into t values (7) returning n") == "7");
    server.kill9();
    server.start();
    BOOST_TEST(ask(server.url(), "select n from t") == "7");
    server.restart();
    BOOST_TEST(ask(server.url(), "select n from t") == "7");
    BOOST_TEST(server.port() == port);
  }
  BOOST_TEST(PQping(("postgresql://postgres@127.0.0.1:" + std::to_string(port) + "/stellwerk").c_str()) == PQPING_NO_RESPONSE);
}

BOOST_AUTO_TEST_SUITE_END()
