#pragma once
// The commands of the binary. Each adds itself to the command line; its action leaves the exit status in `exit_status`.
// Exit statuses: 0 good, 1 the work failed or a check found problems, 2 wrong usage or settings, 70 the node lost its database lease.

namespace CLI {
class App;
}

namespace stellwerk::app {

void add_serve(CLI::App& cli, int& exit_status);
void add_demo(CLI::App& cli, int& exit_status);
void add_sandbox(CLI::App& cli, int& exit_status);
void add_workflow(CLI::App& cli, int& exit_status);
void add_connector(CLI::App& cli, int& exit_status);
void add_database(CLI::App& cli, int& exit_status);
void add_admin(CLI::App& cli, int& exit_status);
void add_config(CLI::App& cli, int& exit_status);
void add_secrets(CLI::App& cli, int& exit_status);
void add_backup(CLI::App& cli, int& exit_status);
void add_restore(CLI::App& cli, int& exit_status);
void add_doctor(CLI::App& cli, int& exit_status);
void add_incident(CLI::App& cli, int& exit_status);
void add_guard(CLI::App& cli, int& exit_status);
void add_emergency_stop(CLI::App& cli, int& exit_status);
void add_explain(CLI::App& cli, int& exit_status);
void add_cel(CLI::App& cli, int& exit_status);
void add_bench(CLI::App& cli, int& exit_status);

}  // namespace stellwerk::app
