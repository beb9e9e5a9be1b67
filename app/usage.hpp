#pragma once
// What a person is told who typed a command that there is not.

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace stellwerk::app {

/// Tells what was wrong with the command line, and what instead; --help and --version print what they are for. Returns the exit status.
[[nodiscard]] int refuse_usage(const CLI::App& cli, const CLI::ParseError& error);

}  // namespace stellwerk::app
