#include "tests/support/process.hpp"

#include <boost/test/unit_test.hpp>
#include <signal.h>

#include <cstdlib>
#include <stdexcept>

using namespace stellwerk::testing;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(process)

BOOST_AUTO_TEST_CASE(captures_output_and_exit_code) {
  Process process{{"sh", "-c", "echo out; echo err >&2; exit 3"}};
  const auto ended = process.wait();
  BOOST_TEST(ended.code == 3);
  BOOST_TEST(ended.signal == 0);
  BOOST_TEST(process.standard_output() == "out\n");
  BOOST_TEST(process.standard_error() == "err\n");
}

BOOST_AUTO_TEST_CASE(gives_its_environment_and_folder_but_none_of_our_settings) {
  ::setenv("STELLWERK_HTTP__LISTEN", "stray", 1);
  const ScratchFolder folder;
  BOOST_TEST(run_program({"sh", "-c", "echo $A-$STELLWERK_HTTP__LISTEN; pwd"}, {.environment = {{"A", "b"}}, .directory = folder.path().string()}) ==
             "b-\n" + std::filesystem::canonical(folder.path()).string() + "\n");
  ::unsetenv("STELLWERK_HTTP__LISTEN");
}

BOOST_AUTO_TEST_CASE(waits_for_a_line_and_gives_it_whole) {
  Process process{{"sh", "-c", "echo first; echo 'listening on 127.0.0.1:5'; exec cat /dev/zero >/dev/null"}};
  BOOST_TEST(process.wait_for_line("listening on") == "listening on 127.0.0.1:5");
  BOOST_TEST(process.is_running());
  process.kill(SIGTERM);
  BOOST_TEST(process.wait().signal == SIGTERM);
  process.kill(SIGTERM);  // it has ended: nothing happens
}

BOOST_AUTO_TEST_CASE(throws_instead_of_waiting_for_ever) {
  Process ended{{"sh", "-c", "echo something else >&2"}};
  BOOST_CHECK_EXCEPTION(ended.wait_for_line("never"), std::runtime_error,
                        [](const std::runtime_error& error) { return std::string_view{error.what()}.find("something else") != std::string_view::npos; });
  Process running{{"sh", "-c", "exec cat /dev/zero >/dev/null"}};
  BOOST_TEST(!running.wait_for(1ms).has_value());
  BOOST_CHECK_THROW(running.wait(1ms), std::runtime_error);
  BOOST_TEST(!running.is_running());
  BOOST_CHECK_THROW(Process({"/no/such/program"}), std::runtime_error);
  BOOST_CHECK_THROW(run_program({"false"}), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
