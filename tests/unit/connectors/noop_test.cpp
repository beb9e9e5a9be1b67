// The driver that does nothing leaves exactly one line for each change.
#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/connectors/vendor_double.hpp"

using namespace stellwerk;

namespace {

struct ScratchFile {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("stellwerk_noop_" + std::to_string(::getpid()));
  ~ScratchFile() { std::filesystem::remove(path); }
  std::string text() const {
    std::ifstream file{path};
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(noop_driver)

BOOST_AUTO_TEST_CASE(nothing_is_noted_when_the_lease_is_over) {
  const ScratchFile file;
  const auto driver = connectors::make_noop_driver(file.path);
  bool withheld = false;
  driver->send({.method = "POST", .url = {}, .key = "run_1/step1/1", .may_leave = [] { return false; }}, [&](const connectors::DriverResponse& response) { withheld = response.was_withheld(); });
  BOOST_TEST(withheld);
  BOOST_TEST(file.text() == "");
}

BOOST_AUTO_TEST_CASE(the_shipped_step_is_done_and_noted) {
  const ScratchFile file;
  const auto driver = connectors::make_noop_driver(file.path);
  const auto connector = test::shipped_connector("connectors/library/noop.yaml");
  BOOST_REQUIRE(connector != nullptr);
  for (const auto* key : {"run_1/step1/1", "run_1/step2/1"}) {
    connectors::Execution execution{connector, {.operation = "step", .key = key}};
    auto next = execution.start();
    BOOST_REQUIRE(std::holds_alternative<connectors::Execution::Send>(next));
    std::optional<Outcome> outcome;
    driver->send(std::get<connectors::Execution::Send>(next).request,
                 [&](connectors::DriverResponse response) { outcome = std::get<Outcome>(execution.on_response(response)); });
    BOOST_REQUIRE(outcome.has_value());
    BOOST_TEST(outcome->is == OutcomeClass::done);
  }
  BOOST_TEST(file.text() == "run_1/step1/1\nrun_1/step2/1\n");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_written_is_told) {
  const auto driver = connectors::make_noop_driver("/nonexistent/dir/file");
  connectors::DriverResponse got;
  driver->send({.key = "k"}, [&](connectors::DriverResponse response) { got = std::move(response); });
  BOOST_TEST((got.failure == connectors::DriverResponse::Failure::not_sent));
  BOOST_TEST(got.failure_code == "file");
}

BOOST_AUTO_TEST_SUITE_END()
