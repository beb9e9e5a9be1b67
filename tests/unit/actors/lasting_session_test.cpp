// A session that is opened anew after a call that threw.
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "actors/lasting_session.hpp"
#include "actors/protocol.hpp"

using namespace stellwerk;
using storage::Store;

namespace {

struct Fixture {
  std::shared_ptr<storage::Database> database = storage::make_memory_database();
  int opened = 0;
  bool away = false;
  actors::Deps deps;
  std::optional<actors::LastingSession> session;

  Fixture() {
    deps.incarnation = "nod_1";
    deps.open_store = [this]() -> Result<std::unique_ptr<Store>> {
      ++opened;
      if (away) return fail(ErrorCode::unavailable, "the database is away");
      return database->open_store();
    };
    auto first = std::move(*database->open_store());
    BOOST_REQUIRE(first->begin_incarnation("nod_1", "host").has_value());
    session.emplace(deps, std::move(first));
  }
  Result<int> throws() {
    return session->run([](Store&) -> Result<int> { throw std::runtime_error("no memory"); });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lasting_session, Fixture)

BOOST_AUTO_TEST_CASE(is_another_one_after_a_call_that_threw_and_bears_the_same_incarnation) {
  const auto thrown = throws();
  BOOST_REQUIRE(!thrown);
  BOOST_TEST((thrown.error().reason == "threw" && thrown.error().message.find("no memory") != std::string::npos));
  BOOST_TEST(opened == 0);  // not before it is needed
  BOOST_TEST(session->call(&Store::heartbeat).has_value());  // nobody without an incarnation has one
  BOOST_TEST(opened == 1);
  BOOST_TEST(session->call(&Store::put_value, "a", "b").has_value());
  BOOST_TEST(opened == 1);
}

BOOST_AUTO_TEST_CASE(stays_the_same_after_an_error_that_was_returned) {
  BOOST_TEST(!session->call(&Store::load, ActorId{"svc_none"}));
  BOOST_TEST(session->call(&Store::heartbeat).has_value());
  BOOST_TEST(opened == 0);
}

BOOST_AUTO_TEST_CASE(tries_again_for_as_long_as_none_can_be_opened) {
  away = true;
  (void)throws();
  for (int i = 1; i <= 2; ++i) {
    const auto beat = session->call(&Store::heartbeat);
    BOOST_REQUIRE(!beat);
    BOOST_TEST((beat.error().code == ErrorCode::unavailable && opened == i));
  }
  away = false;
  BOOST_TEST(session->call(&Store::heartbeat).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
