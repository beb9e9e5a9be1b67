#pragma once
// The commands under `stellwerk workflow`, and what they share.

#include <memory>
#include <string>

#include "app/workflow_files.hpp"

namespace CLI {
class App;
}

namespace stellwerk::app {

/// `--library` and `--catalog`.
void add_sources(CLI::App& command, WorkflowSources& sources);
/// The workflow in this file; problems are told. nullptr: `status` says what the command ends with.
[[nodiscard]] std::shared_ptr<const workflows::Definition> load_file(const std::string& path, const WorkflowSources& sources, int& status);

void add_workflow_test(CLI::App& group, int& exit_status);
void add_workflow_simulate(CLI::App& group, int& exit_status);

}  // namespace stellwerk::app
