#pragma once
// Runs cases of the Common Expression Language conformance suite, as JSON.

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace stellwerk::workflows::cel {

struct ConformanceReport {
  int passed = 0;
  int failed = 0;
  std::vector<std::string> failures;  ///< "file/section/name: expression: what came instead", in the order of the cases
};

/// `json_text`: a list of {file, section, name, expr, bindings?, value | error, unchecked?} with typed values such as {"int": "1"}.
/// Bindings are declared as dyn. Any mistake or error satisfies `error`. Bounds: 16 MiB. Errors: malformed, invalid_argument.
[[nodiscard]] Result<ConformanceReport> run_conformance(std::string_view json_text);

}  // namespace stellwerk::workflows::cel
