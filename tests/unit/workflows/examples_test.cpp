// The worked examples beside the specification: what of them loads, and what the checks rightly refuse.
#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/workflows/loading.hpp"

namespace stellwerk::workflows {
namespace {

using namespace loading_test;
using testing::field;
using enum TypeSpec::Base;

const std::filesystem::path examples = STELLWERK_REFERENCE_DIR "/examples";

std::string read(const std::string& name) {
  std::ifstream file{examples / name};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Field optional_list(const char* name) { return {.name = name, .type = {.base = list, .of = std::make_shared<const TypeSpec>(TypeSpec{.base = string})}}; }

/// What the examples call, take and read, as their connector and the product declare it.
Catalog example_catalog() {
  auto made = catalog();
  auto& operations = made.operations;
  const auto vmid = field("vmid", integer, true);
  operations["proxmox.create_vm"].input.push_back(field("password", secret));
  const auto add = [&](const std::string& name, Effect effect, std::vector<Field> input) { operations[name] = {.name = name, .effect = effect, .input = std::move(input)}; };
  add("proxmox.reinstall_vm", Effect::sets, {vmid, field("image", string, true), optional_list("ssh_keys"), field("ip", string)});
  add("proxmox.resize_disk", Effect::sets, {vmid, field("size_gb", integer, true)});
  add("proxmox.backup_vm", Effect::creates, {vmid, field("keep", period)});
  operations["proxmox.backup_vm"].undo = "proxmox.forget_backup";
  add("proxmox.forget_backup", Effect::sets, {vmid});
  auto& actions = made.actions;
  const auto act = [&](const std::string& name, std::vector<Field> input, std::vector<Field> output) { actions[name] = {.name = name, .input = std::move(input), .output = std::move(output)}; };
  act("billing.renew", {}, {});
  act("billing.refund_or_credit", {}, {});
  act("billing.overdue", {}, {field("overdue", boolean, true)});
  actions["ip.allocate"].input = {field("pool", string)};
  actions["ip.release"].input = {field("address", string, true), field("quarantine", period)};
  actions["id.release"].input = {field("range", string, true), field("id", integer, true), field("quarantine", period), field("block", boolean)};
  made.kinds["plan"] = {.fields = {field("cycle_days", integer, true), field("cores", integer, true), field("memory_mb", integer, true), field("disk_gb", integer, true), field("server_pool", string, true)}};
  made.kinds["customer"] = {.fields = {field("status", string, true)}};
  return made;
}

FindBase bases() {
  return [](std::string_view name) { return name == "service" ? std::optional<SourceFile>{{"service.base.yaml", read("service.base.yaml")}} : std::nullopt; };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(examples_of_the_language)

BOOST_AUTO_TEST_CASE(only_the_missing_require_of_two_timers_is_refused) {
  if (!std::filesystem::exists(examples)) return;
  const auto said = [](const tl::expected<std::shared_ptr<const Definition>, std::vector<config::Problem>>& loaded) {
    std::vector<std::string> all;
    for (const auto& problem : loaded ? std::vector<config::Problem>{} : loaded.error()) {
      all.push_back(fmt::format("{}:{} {}", problem.file, problem.place.line, problem.code));
      BOOST_TEST_MESSAGE(config::render(problem, problem.file == "service.base.yaml" ? read("service.base.yaml") : read("proxmox-vm.yaml")));
    }
    return all;
  };
  BOOST_TEST(said(load_workflow("service.base.yaml", read("service.base.yaml"), example_catalog())) == (std::vector<std::string>{"service.base.yaml:63 SW058"}), boost::test_tools::per_element());
  BOOST_TEST(said(load_workflow("proxmox-vm.yaml", read("proxmox-vm.yaml"), example_catalog(), bases())) ==
                 (std::vector<std::string>{"service.base.yaml:63 SW058", "service.base.yaml:69 SW058"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(with_it_they_load_and_so_does_their_resolved_text) {
  if (!std::filesystem::exists(examples)) return;
  auto base = read("service.base.yaml");
  for (std::size_t at = 0; (at = base.find("guard: mass", at)) != std::string::npos; at += 60) base.insert(at, "require: self.customer.status != 'paid'\n    ");
  const FindBase find = [&](std::string_view) { return std::optional<SourceFile>{{"service.base.yaml", base}}; };
  const auto text = read("proxmox-vm.yaml");
  const auto loaded = load_workflow("proxmox-vm.yaml", text, example_catalog(), find);
  if (!loaded) BOOST_ERROR(rendered(loaded.error(), base));
  BOOST_REQUIRE(loaded);
  const auto& made = **loaded;
  const auto again = load_workflow("proxmox-vm.yaml", made.text, example_catalog());
  if (!again) BOOST_ERROR(rendered(again.error(), made.text));
  BOOST_REQUIRE(again);
  BOOST_TEST((*again)->works.size() == made.works.size());
  BOOST_TEST((*again)->frame_size() == made.frame_size());
  BOOST_TEST((*again)->schedules.size() == 6U);

  // nothing due, no plan: every time is read as "never", none as an error
  std::vector<cel::Value> frame(made.frame_size());
  for (std::size_t i = 0; i < made.settings.size(); ++i) frame[static_cast<std::size_t>(made.setting_slot(static_cast<int>(i)))] = decode(made.settings[i].field.type, *made.settings[i].field.fallback);
  for (const auto& schedule : made.schedules) {
    if (schedule.name == "renewal_invoice") continue;  // asks a plan that is not there how long its cycle is
    const auto at = schedule.at.evaluate(frame);
    BOOST_TEST_REQUIRE(at.has_value(), schedule.name << ": " << (at ? "" : at.error().message));
    BOOST_TEST(at->is_null(), schedule.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
