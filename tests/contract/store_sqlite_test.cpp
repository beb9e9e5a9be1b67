// The contract on SQLite and in memory.
#include <tuple>

#include "tests/contract/backends.hpp"

using Backends = std::tuple<stellwerk::testing::MemoryBackend, stellwerk::testing::SqliteBackend>;

#include "tests/contract/store_contract.hpp"

#include "tests/contract/action_contract.hpp"

#include "tests/contract/transition_contract.hpp"

#include "tests/contract/node_contract.hpp"

using SharedBackends = std::tuple<stellwerk::testing::MemoryBackend>;

#include "tests/contract/lease_contract.hpp"

#include "tests/contract/guard_contract.hpp"
