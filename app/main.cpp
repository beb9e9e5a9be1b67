// stellwerk: orchestrator for hosting providers.

#include <signal.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/usage.hpp"

int main(int argc, char** argv) {
  // Signals that end the server are waited for by one thread (app/signals.hpp); a client that leaves must not end it.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  signal(SIGPIPE, SIG_IGN);
  umask(077);  // databases and keys are nobody else's

  int exit_status = 0;
  CLI::App cli{"Stellwerk, an orchestrator for hosting providers", "stellwerk"};
  cli.require_subcommand(1);
  cli.set_version_flag("--version", STELLWERK_VERSION);
  using namespace stellwerk::app;
  for (const auto add : {add_serve, add_demo, add_sandbox, add_workflow, add_connector, add_database, add_admin, add_secrets, add_backup, add_restore, add_config, add_doctor, add_incident, add_guard, add_emergency_stop, add_explain, add_cel, add_bench}) add(cli, exit_status);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return refuse_usage(cli, error);
  }
  return exit_status;
}
