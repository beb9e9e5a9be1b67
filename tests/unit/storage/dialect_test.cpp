#include "storage/dialect.hpp"

#include <boost/test/unit_test.hpp>

using namespace stellwerk::storage;

BOOST_AUTO_TEST_SUITE(dialect)

BOOST_AUTO_TEST_CASE(columns_know_their_types_and_lists) {
  const Columns columns{"id, version:i, attributes:j"};
  BOOST_TEST(columns.types() == "tij");
  BOOST_TEST(columns.list("d.") == "d.id, d.version, d.attributes");
  BOOST_TEST(columns.assignments("d.", {"id"}) == "version = d.version, attributes = d.attributes");
  BOOST_TEST(columns.with("shard:i").types() == "tiji");
}

BOOST_AUTO_TEST_CASE(placeholders_become_what_each_database_understands) {
  BOOST_TEST(expand_sql(DialectKind::sqlite, "select 1 {for update}") == "select 1 ");
  BOOST_TEST(expand_sql(DialectKind::postgresql, "select 1 {for update}") == "select 1 for update");
  BOOST_TEST(expand_sql(DialectKind::sqlite, "x in {items names}") == "x in (select value from json_each(:names))");
  BOOST_TEST(expand_sql(DialectKind::postgresql, "x in {items names}") == "x in (select json_array_elements_text(cast(:names as json)))");
}

BOOST_AUTO_TEST_CASE(rows_are_a_relation_of_typed_columns) {
  const Columns columns{"id, version:i, attributes:j"};
  BOOST_TEST(rows_relation(DialectKind::sqlite, columns) == "(select :id as id, :version as version, :attributes as attributes) as d");
  BOOST_TEST(rows_relation(DialectKind::postgresql, columns) == "json_to_recordset(cast(:rows as json)) as d(id text, version bigint, attributes json)");
}

BOOST_AUTO_TEST_SUITE_END()
