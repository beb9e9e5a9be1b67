#include "storage/migrations.hpp"

#include <boost/test/unit_test.hpp>

#include "storage/sql_months.hpp"
#include "tests/support/scratch.hpp"

using namespace stellwerk;
using namespace stellwerk::storage;

namespace {

struct Fixture {
  testing::ScratchFolder folder{"migrations"};
  Session session{DialectKind::sqlite, config::Secret{folder.file("test.db")}, SessionUse::reader};
  Fixture() { BOOST_REQUIRE(session.connect(1).has_value()); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(migrations)

BOOST_AUTO_TEST_CASE(a_statement_ends_with_a_semicolon_at_the_end_of_a_line) {
  const auto statements = split_statements("-- a {comment};\ncreate table a (\n  b text\n);\n\nselect ';' from a;\n{nothing};\n");
  BOOST_REQUIRE(statements.size() == 3U);
  BOOST_TEST(statements[0] == "create table a (\n  b text\n)");
  BOOST_TEST(statements[1] == "select ';' from a");
  BOOST_TEST(statements[2] == "{nothing}");
}

BOOST_FIXTURE_TEST_CASE(the_second_run_applies_nothing, Fixture) {
  const auto first = apply_migrations(session);
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->front() == "0001_base.sql");
  const auto second = apply_migrations(session);
  BOOST_TEST((second && second->empty()));
}

BOOST_FIXTURE_TEST_CASE(a_changed_migration_is_refused, Fixture) {
  BOOST_REQUIRE(apply_migrations(session).has_value());
  BOOST_REQUIRE(session.execute("update schema_version set checksum = 'other'").has_value());
  const auto again = apply_migrations(session);
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().code == ErrorCode::conflict));
  BOOST_TEST(again.error().message.find("0001_base.sql") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_schema_that_is_newer_than_the_binary_is_refused, Fixture) {
  BOOST_REQUIRE(apply_migrations(session).has_value());
  BOOST_REQUIRE(session.execute("insert into schema_version (name, checksum, applied_at) values ('9999_future.sql', '', 0)").has_value());
  const auto again = apply_migrations(session);
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().code == ErrorCode::conflict));
}

BOOST_AUTO_TEST_CASE(a_month_is_half_open_in_utc) {
  const auto month = month_of(*parse_time("2026-12-31T23:59:59.999999Z"));
  BOOST_TEST(month.name == "2026_12");
  BOOST_TEST(format_time(from_micros(month.first)) == "2026-12-01T00:00:00Z");
  BOOST_TEST(format_time(from_micros(month.end)) == "2027-01-01T00:00:00Z");
}

BOOST_AUTO_TEST_SUITE_END()
