#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "monitoring/metrics.hpp"
#include "storage/directory.hpp"
#include "tests/support/scratch.hpp"

using namespace stellwerk;
using namespace stellwerk::storage;

BOOST_AUTO_TEST_SUITE(sql_database)

BOOST_AUTO_TEST_CASE(an_unknown_form_of_url_is_refused_without_repeating_it) {
  for (const auto* url : {"", "sqlite:", "mysql://user:hidden@host/db", "/var/lib/x.db"}) {
    const auto opened = open_database(config::Secret{url});
    BOOST_REQUIRE(!opened);
    BOOST_TEST((opened.error().code == ErrorCode::invalid_argument));
    BOOST_TEST(opened.error().message.find("hidden") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_database_that_does_not_answer_is_named_without_its_password) {
  const auto opened = open_database(config::Secret{"postgresql://someone:hidden@127.0.0.1:1/none"});
  BOOST_REQUIRE(opened.has_value());
  const auto session = (*opened)->open_store();
  BOOST_REQUIRE(!session);
  const auto told = describe(session.error());
  BOOST_TEST(told.find("\"127.0.0.1\", port 1 failed: Connection refused") != std::string::npos, told);
  const auto wrong = (*open_database(config::Secret{"postgresql://someone:%hidden@127.0.0.1:1/none"}))->open_store();
  BOOST_REQUIRE(!wrong);
  for (const auto& text : {told, describe(wrong.error())}) BOOST_TEST(text.find("hidden") == std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_database_is_told_in_sqlites_words_alone) {
  const testing::ScratchFolder folder{"lock"};
  std::ofstream{folder.file("notes.txt")} << std::string(4'096, 'x');
  const auto opened = open_database(config::Secret{"sqlite:" + folder.file("notes.txt")});
  BOOST_REQUIRE(opened.has_value());
  const auto session = (*opened)->open_store();
  BOOST_REQUIRE(!session);
  const auto told = describe(session.error());
  BOOST_TEST(told.find("notes.txt: file is not a database") != std::string::npos, told);
  BOOST_TEST(told.find("::") == std::string::npos, told);
}

BOOST_AUTO_TEST_CASE(who_takes_over_from_a_node_that_had_not_ended_shows_when) {
  const testing::ScratchFolder folder{"took-over"};
  const auto database = open_database(config::Secret{"sqlite:" + folder.file("test.db")}).value();
  BOOST_REQUIRE(database->migrate().has_value());
  const auto store = database->open_store().value();
  const auto shown = [] { return ("\n" + monitoring::render_metrics()).find("\nstellwerk_node_took_over_seconds 0\n") == std::string::npos; };
  BOOST_REQUIRE(store->begin_incarnation("nod_1", "host-a").has_value());
  store->end_incarnation("nod_1");
  BOOST_REQUIRE(store->begin_incarnation("nod_2", "host-a").has_value());
  BOOST_TEST(!shown());
  BOOST_REQUIRE(store->begin_incarnation("nod_3", "host-b").has_value());
  BOOST_TEST(shown());
}

BOOST_AUTO_TEST_CASE(a_sqlite_file_belongs_to_one_opener_until_it_is_closed) {
  const testing::ScratchFolder folder{"lock"};
  const config::Secret url{"sqlite:" + folder.file("new/deep/test.db")};
  {
    const auto first = open_database(url);
    BOOST_REQUIRE(first.has_value());
    const auto mode = std::filesystem::status(folder.path() / "new/deep").permissions();
    BOOST_TEST((mode == std::filesystem::perms::owner_all));
    const auto second = open_database(url);
    BOOST_REQUIRE(!second);
    BOOST_TEST((second.error().code == ErrorCode::conflict));
  }
  BOOST_TEST(open_database(url).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_written_is_there_after_reopening) {
  const testing::ScratchFolder folder{"reopen"};
  const config::Secret url{"sqlite:" + folder.file("test.db")};
  {
    const auto database = open_database(url);
    BOOST_REQUIRE(database.has_value());
    BOOST_REQUIRE((*database)->migrate().has_value());
    BOOST_REQUIRE((*(*database)->open_store())->put_value("clock", "7").has_value());
  }
  const auto database = open_database(url);
  BOOST_REQUIRE(database.has_value());
  BOOST_TEST((*database)->migrate()->empty());
  BOOST_TEST((*(*(*database)->open_store())->get_value("clock") == "7"));
}

BOOST_AUTO_TEST_CASE(an_unreachable_server_is_unavailable) {
  const auto database = open_database(config::Secret{"postgresql://nobody@127.0.0.1:1/none"});
  BOOST_REQUIRE(database.has_value());
  const auto store = (*database)->open_store();
  BOOST_REQUIRE(!store);
  BOOST_TEST((store.error().code == ErrorCode::unavailable));
}

#ifdef STELLWERK_FAULT_POINTS
BOOST_AUTO_TEST_CASE(a_crash_after_a_commit_loses_nothing_of_it) {
  const testing::ScratchFolder folder{"crash"};
  const config::Secret url{"sqlite:" + folder.file("test.db")};
  ActorChange change;
  change.row.id = ActorId{"svc_a"};
  change.row.tenant = TenantId{"ten_1"};
  change.row.version = 1;
  const Commit commit{.id = "dec_1", .changes = {change}, .required = {}, .actions = {}, .idempotency = std::nullopt};
  const auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv("STELLWERK_CRASH_AT", "commit:1", 1);
    const auto database = open_database(url);
    if (!database || !(*database)->migrate()) ::_exit(1);
    const auto store = (*database)->open_store();
    if (!store || !(*store)->begin_incarnation("nod_1", "host-a")) ::_exit(2);
    const auto written = (*store)->commit({&commit, 1});
    ::_exit(written ? 3 : 4);  // not reached: the crash comes first
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_REQUIRE(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == 137);
  const auto database = open_database(url);
  BOOST_REQUIRE(database.has_value());
  const auto store = (*database)->open_store();
  BOOST_REQUIRE(store.has_value());
  BOOST_TEST((*store)->load(ActorId{"svc_a"})->row.decision.empty());
  BOOST_TEST((*store)->load(ActorId{"svc_a"})->row.version == 1);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
