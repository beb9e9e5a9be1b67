// Retention and backups of the running node, on a real database.

#include "actors/keeper.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <optional>
#include <string>

#include "actors/archivist.hpp"
#include "monitoring/metrics.hpp"
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

BOOST_AUTO_TEST_CASE(overwrites_what_an_erasure_still_owes) {
  Kept kept;
  must(kept.store->put_value("purge_owed", "1"));
  BOOST_TEST(must(kept.keeper.purge()));
  BOOST_TEST(!must(kept.store->get_value("purge_owed")).has_value());
  BOOST_TEST(must(kept.keeper.purge()));
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

BOOST_AUTO_TEST_CASE(shows_the_age_of_the_newest_backup_whoever_made_it) {
  const auto shown = [](const std::string& line) { return ("\n" + monitoring::render_metrics()).find("\nstellwerk_backup_made_seconds " + line + "\n") != std::string::npos; };
  std::atomic<int> newest{0};
  Archivist archivist{[&](const std::stop_token&) -> Result<std::string> {
                        newest = 2'000;
                        return std::string{"/backups/two"};
                      },
                      [&]() -> std::optional<Time> { return newest == 0 ? std::nullopt : std::optional{Time{} + std::chrono::seconds{newest.load()}}; }};
  BOOST_TEST(shown("0"));
  must(archivist.begin("bak_1", "usr_1"));
  while (text_of(archivist.state(), "state") == "running") std::this_thread::yield();
  BOOST_TEST(shown("2000"));
}

BOOST_AUTO_TEST_SUITE_END()
