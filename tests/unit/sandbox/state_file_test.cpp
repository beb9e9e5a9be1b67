#include "sandbox/state_file.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "tests/unit/sandbox/driver.hpp"

namespace stellwerk::sandbox::test {
namespace {

using enum http::Method;

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / fmt::format("stellwerk-sandbox-{}-{}", ::getpid(), ++made);
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string file() const { return (path / "pve.state").string(); }
  static inline int made = 0;
};

/// A process that ends without a word: what it knew is in the file, or gone.
void keep(Driver& pve, StateFile& file) {
  const auto changes = pve.model.take_changes();
  if (!changes.empty()) BOOST_REQUIRE(file.append(changes).has_value());
}

Driver revive(const std::string& path, Time wall) {
  Driver pve;
  pve.wall = wall;
  auto file = StateFile::open(path);
  BOOST_REQUIRE(file.has_value());
  BOOST_REQUIRE(pve.model.restore(file->take_records()).has_value());
  return pve;
}

BOOST_AUTO_TEST_SUITE(state_file)

BOOST_AUTO_TEST_CASE(a_restarted_simulator_goes_on_with_its_tasks_clock_and_faults) {
  const Folder folder;
  std::string first, second;
  Time wall;
  {
    Driver pve;
    auto file = StateFile::open(folder.file()).value();
    BOOST_REQUIRE(file.rewrite(pve.model.snapshot()).has_value());
    (void)pve.control(post, "/clock", R"({"advance":"P1D"})");
    (void)pve.fault(R"({"match":{"operation":"start"},"fault":"refuse","times":2})");
    first = pve.clone(105).text();
    keep(pve, file);
    pve.pass(2s);
    second = pve.clone(106).text();
    (void)pve.post("/nodes/pve1/qemu/9000/status/start");
    keep(pve, file);
    wall = pve.wall;
  }
  auto pve = revive(folder.file(), wall);
  BOOST_TEST(text_of(pve.control(get, "/clock").body, "offset") == "P1D");
  BOOST_TEST(text_of(pve.status(105), "lock") == "clone");
  BOOST_TEST(pve.exit_of(second) == "running");
  pve.pass(1s);
  BOOST_TEST(pve.exit_of(first) == "OK");
  BOOST_TEST(pve.exit_of(second) == "running");
  pve.pass(3s);
  BOOST_TEST(pve.exit_of(second) == "OK");
  BOOST_TEST(int_of(pve.control(get, "/faults").body.at("rules").at(0), "times") == 1);
  BOOST_TEST(pve.clone(107).text() != second);
}

BOOST_AUTO_TEST_CASE(a_torn_last_line_is_dropped_and_a_broken_one_before_is_told) {
  const Folder folder;
  {
    auto file = StateFile::open(folder.file()).value();
    BOOST_REQUIRE(file.append({JsonObject{{"guest_gone", 105}}}).has_value());
  }
  std::ofstream{folder.file(), std::ios::app} << R"([{"guest_gone":10)";
  {
    auto file = StateFile::open(folder.file()).value();
    BOOST_TEST(file.take_records().size() == 1u);
    BOOST_REQUIRE(file.append({JsonObject{{"guest_gone", 106}}}).has_value());
  }
  BOOST_TEST(StateFile::open(folder.file()).value().take_records().size() == 2u);
  std::ofstream{folder.file(), std::ios::app} << "nonsense\n";
  const auto broken = StateFile::open(folder.file());
  BOOST_REQUIRE(!broken.has_value());
  BOOST_TEST((broken.error().code == ErrorCode::malformed));
  BOOST_TEST(broken.error().message.find(":3:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_of_somebody_else_is_refused) {
  ProxmoxModel model{{.token = config::Secret{"x"}}};
  BOOST_TEST(!model.restore({JsonObject{{"hello", 1}}}).has_value());
  BOOST_TEST(!StateFile::open("/nonexistent/folder/file").has_value());
}

BOOST_AUTO_TEST_CASE(rewriting_keeps_the_state_and_drops_the_history) {
  const Folder folder;
  Driver pve;
  auto file = StateFile::open(folder.file()).value();
  for (int i = 0; i < 50; ++i) {
    (void)pve.control(post, "/clock", R"({"advance":"PT1M"})");
    keep(pve, file);
  }
  const auto grown = std::filesystem::file_size(folder.file());
  BOOST_REQUIRE(file.rewrite(pve.model.snapshot()).has_value());
  BOOST_TEST(std::filesystem::file_size(folder.file()) < grown);
  auto revived = revive(folder.file(), pve.wall);
  BOOST_TEST(text_of(revived.control(get, "/clock").body, "offset") == "PT50M");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace stellwerk::sandbox::test
