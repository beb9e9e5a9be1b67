#pragma once
// The databases on which the contract of Store is run, each fresh for each case.

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

#include "storage/directory.hpp"
#include "tests/support/scratch.hpp"

namespace stellwerk::testing {

template <class T>
T must(Result<T> result) {
  if (!result) BOOST_FAIL(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct MemoryBackend {
  std::shared_ptr<Duration> passed = std::make_shared<Duration>();
  std::shared_ptr<storage::Database> database = storage::make_memory_database([passed = passed] { return wall_now() + *passed; });
  void let_pass(Duration span) const { *passed += span; }
};

struct SqliteBackend {
  ScratchFolder folder{"sqlite"};
  std::shared_ptr<storage::SqlDatabase> database = must(storage::open_database(config::Secret{"sqlite:" + folder.file("data/test.db")}));
  SqliteBackend() { must(database->migrate()); }
};

inline const std::string incarnation = "nod_1";

/// A session that may write.
template <class Backend>
std::unique_ptr<storage::Store> open_writer(Backend& backend) {
  auto store = must(backend.database->open_store());
  must(store->begin_incarnation(incarnation, "host-a"));
  return store;
}

}  // namespace stellwerk::testing
