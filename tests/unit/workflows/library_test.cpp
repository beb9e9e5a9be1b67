#include <boost/test/unit_test.hpp>

#include "core/embedded.hpp"
#include "tests/support/catalog.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::workflows {
namespace {

/// The shipped workflow of this name; problems fail the test with their text.
std::shared_ptr<const Definition> load(const std::string& name) {
  const auto path = "workflows/library/" + name + ".yaml";
  for (const auto& file : embedded_files()) {
    if (file.path != path) continue;
    auto loaded = load_workflow(path, std::string{file.text}, testing::shipped_catalog());
    if (!loaded) {
      for (const auto& problem : loaded.error()) BOOST_ERROR(config::render(problem, file.text));
    }
    BOOST_REQUIRE(loaded);
    return *loaded;
  }
  BOOST_FAIL(path + " is not in the binary");
  return nullptr;
}

const State& state(const Definition& definition, std::string_view name) {
  const int found = definition.find_state(name);
  BOOST_REQUIRE(found >= 0);
  return definition.states[static_cast<std::size_t>(found)];
}

const Step& step(const Definition& definition, std::string_view in, std::string_view name) {
  for (const auto& candidate : definition.work(state(definition, in).work).steps) {
    if (candidate.name == name) return candidate;
  }
  BOOST_FAIL("no such step");
  return definition.work(state(definition, in).work).steps.front();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(library)

BOOST_AUTO_TEST_CASE(every_shipped_workflow_loads) {
  int count = 0;
  for (const auto& file : embedded_files()) {
    if (!file.path.starts_with("workflows/library/") || file.path.ends_with(".test.yaml")) continue;
    ++count;
    const auto loaded = load_workflow(std::string{file.path}, std::string{file.text}, testing::shipped_catalog());
    if (loaded) continue;
    for (const auto& problem : loaded.error()) BOOST_ERROR(config::render(problem, file.text));
  }
  BOOST_TEST(count >= 3);
}

BOOST_AUTO_TEST_CASE(a_ticket_closes_by_itself_only_while_the_customer_is_asked) {
  const auto ticket = load("ticket");
  BOOST_TEST(state(*ticket, "answered").after.size() == 1U);
  BOOST_TEST(state(*ticket, "answered").after[0].name == "after:answered:1");
  BOOST_TEST(state(*ticket, "open").after.empty());
  BOOST_TEST(state(*ticket, "customer_reply").after.empty());
  const auto answered = ticket->find_state("answered");
  BOOST_TEST(ticket->candidates(answered, "answer")->front().to == answered);
  BOOST_TEST(ticket->candidates(answered, "note")->front().to == -1);
  BOOST_TEST(ticket->candidates(ticket->find_state("archived"), "note") == nullptr);
}

BOOST_AUTO_TEST_CASE(the_time_of_a_timer_is_read_from_its_setting) {
  const auto ticket = load("ticket");
  std::vector<cel::Value> frame(ticket->frame_size());
  frame[static_cast<std::size_t>(ticket->setting_slot(0))] = cel::Value::of_span(std::chrono::hours{72});
  const auto delay = state(*ticket, "answered").after[0].delay.evaluate(frame);
  BOOST_REQUIRE(delay);
  BOOST_TEST(delay->as_span().count() == Duration{std::chrono::hours{72}}.count());
}

BOOST_AUTO_TEST_CASE(an_order_gives_its_values_to_the_service_it_creates) {
  const auto order = load("order");
  const auto* create = std::get_if<CreateEffect>(&state(*order, "open").entry.at(0));
  BOOST_REQUIRE(create);
  BOOST_TEST(create->kind == "service");
  BOOST_TEST(create->save_id == order->find_attribute("service"));
  std::vector<cel::Value> frame(order->frame_size());
  frame[slot::id] = cel::Value::of_string("ord_1");
  frame[static_cast<std::size_t>(order->attribute_slot(order->find_attribute("cores")))] = cel::Value::of_int(4);
  const auto with = create->with.evaluate(frame);
  BOOST_REQUIRE(with);
  BOOST_TEST(with->find("order")->as_string() == "ord_1");
  BOOST_TEST(with->find("cores")->as_int() == 4);
}

BOOST_AUTO_TEST_CASE(a_suspended_server_takes_no_start) {
  const auto vm = load("proxmox-vm");
  BOOST_TEST(vm->candidates(vm->find_state("suspended"), "start") == nullptr);
  BOOST_TEST(vm->candidates(vm->find_state("active"), "start") != nullptr);
  BOOST_TEST(state(*vm, "suspended").confirmed_by.size() == 1U);
}

BOOST_AUTO_TEST_CASE(every_step_that_takes_something_can_give_it_back) {
  const auto vm = load("proxmox-vm");
  for (const auto* name : {"place", "id", "address"}) BOOST_TEST(std::get<ActionStep>(step(*vm, "provisioning", name).body).undo_action.has_value());
  const auto& create = std::get<CallStep>(step(*vm, "provisioning", "create").body);
  BOOST_REQUIRE(create.undo_operation.has_value());
  BOOST_TEST(create.undo_operation->name == "proxmox.destroy_vm");
  BOOST_TEST(!create.undo_with);
}

BOOST_AUTO_TEST_CASE(calls_get_the_defaults_that_their_operation_takes) {
  const auto vm = load("proxmox-vm");
  const auto& create = step(*vm, "provisioning", "create");
  const auto& call = std::get<CallStep>(create.body);
  std::vector<cel::Value> frame(vm->frame_size());
  const auto set = [&](const char* attribute, cel::Value value) { frame[static_cast<std::size_t>(vm->attribute_slot(vm->find_attribute(attribute)))] = std::move(value); };
  set("vmid", cel::Value::of_int(105));
  set("server", cel::Value::of_string("srv_1"));
  set("hostname", cel::Value::of_string("v1.example.com"));
  const auto with = call.with.evaluate(frame);
  BOOST_REQUIRE(with);
  BOOST_TEST(with->find("vmid")->as_int() == 105);
  BOOST_TEST(with->find("hostname")->as_string() == "v1.example.com");
  BOOST_TEST(call.on_server.evaluate(frame)->as_string() == "srv_1");
  BOOST_TEST((call.retry.for_ == Duration{std::chrono::hours{2}}));
  BOOST_TEST((call.timeout == Duration{std::chrono::hours{2}}));
  const auto& conflict = create.on_error_by.at("conflict");
  BOOST_TEST((conflict.what == Reaction::What::redo));
  BOOST_TEST(conflict.redo == 1);
  BOOST_TEST(conflict.times == 5);
}

BOOST_AUTO_TEST_CASE(cancelling_while_provisioning_undoes_what_was_done) {
  const auto vm = load("proxmox-vm");
  const auto& cancel = state(*vm, "provisioning").on.at("cancel").front();
  BOOST_TEST((cancel.interrupt == Interrupt::undo));
  BOOST_TEST(cancel.to == vm->find_state("cancelled"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
