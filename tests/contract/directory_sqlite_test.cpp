// The read side on SQLite.
#include <tuple>

#include "tests/contract/backends.hpp"

using Backends = std::tuple<stellwerk::testing::SqliteBackend>;

#include "tests/contract/directory_contract.hpp"

#include "tests/contract/doctor_contract.hpp"

#include "tests/contract/retention_contract.hpp"
