#pragma once
// A program of somebody else, run to its end without a shell. Internal to storage.

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace stellwerk::storage {

/// Runs `program` of the PATH; `environment` goes over this process's own (secrets belong there: arguments can be read by everybody on the
/// host). Standard input is empty, standard output goes nowhere. Errors: unavailable (not there, or it failed: with the end of what it
/// wrote to standard error), cancelled (`stop`: it was ended).
[[nodiscard]] Result<void> run_program(const std::string& program, const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment,
                                       const std::stop_token& stop);

}  // namespace stellwerk::storage
