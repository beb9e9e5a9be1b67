// Retention and backups of the running node, on a real database.

#include "actors/keeper.hpp"

#include <boost/test/unit_test.hpp>

#include <future>

#include "actors/archivist.hpp"
#include "tests/contract/backends.hpp"
#include "tests/contract/builders.hpp"
#include "tests/support/manual_clock.hpp"

using namespace stellwerk;
using namespace stellwerk::actors;
using namespace stellwerk::testing;

namespace {

struct Kept {
  SqliteBackend backend;
  std::unique_ptr<storage::Store> store = open_writer(backend);
  ManualClock clock{noon};
  bool trusted = true;
  Keeper keeper{[this] { return backend.database->open_directory(); }, clock, [this] { return trusted; }, Retention{.journal = std::chrono::hours{24}, .idempotency = std::chrono::hours{24}}, 1'000'000};

  void commit(storage::Commit commit) {
    for (const auto& result : must(store->commit({&commit, 1}))) BOOST_REQUIRE_MESSAGE(result.status == storage::CommitStatus::committed, result.error);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(keeper)

BOOST_AUTO_TEST_CASE(deletes_what_may_go_and_counts_it) {
  Kept kept;
  auto order = create("ord_1");
  order.idempotency = storage::IdempotencyRow{.scope = "s", .key = "k", .body_hash = "h", .status = 201, .answer = JsonObject{}, .at = noon};
  kept.commit(order);
  auto end = update("ord_1", 1);
  end.changes[0].row.live = false;
  kept.commit(end);
  kept.commit(create("ord_2"));
  BOOST_TEST(must(kept.keeper.sweep()).empty());
  kept.clock.advance(std::chrono::hours{25});
  const auto counts = must(kept.keeper.sweep());
  BOOST_TEST((counts == std::map<std::string, std::int64_t>{{"idempotency", 1}, {"journal", 2}}));
  BOOST_TEST(must(kept.keeper.sweep()).empty());
}

BOOST_AUTO_TEST_CASE(deletes_nothing_by_a_clock_that_is_not_trusted) {
  Kept kept;
  kept.trusted = false;
  const auto counts = kept.keeper.sweep();
  BOOST_REQUIRE(!counts);
  BOOST_TEST((counts.error().code == ErrorCode::unavailable));
}

BOOST_AUTO_TEST_CASE(makes_one_backup_at_a_time_and_tells_what_became_of_it) {
  std::promise<void> begun, go;
  Archivist archivist{[&, count = 0](const std::stop_token&) mutable -> Result<std::string> {
    if (count++ > 0) return fail(ErrorCode::unavailable, "the disk is full");
    begun.set_value();
    go.get_future().wait();
    return std::string{"/backups/one"};
  }};
  BOOST_TEST(text_of(archivist.state(), "state") == "none");
  BOOST_TEST(text_of(must(archivist.begin("bak_1", "usr_1")), "state") == "running");
  begun.get_future().wait();
  const auto second = archivist.begin("bak_2", "usr_2");
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().code == ErrorCode::conflict && second.error().message.find("usr_1") != std::string::npos));
  go.set_value();
  while (text_of(archivist.state(), "state") == "running") std::this_thread::yield();
  BOOST_TEST((text_of(archivist.state(), "state") == "made" && text_of(archivist.state(), "path") == "/backups/one"));
  must(archivist.begin("bak_3", "usr_1"));
  while (text_of(archivist.state(), "state") == "running") std::this_thread::yield();
  BOOST_TEST((text_of(archivist.state(), "state") == "failed" && text_of(archivist.state(), "error").find("disk is full") != std::string::npos));
  archivist.stop();
  BOOST_TEST(!archivist.begin("bak_4", "usr_1").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
