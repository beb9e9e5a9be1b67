#include "api/render.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using api::render;

const Time noon = from_micros(1'772'452'800'000'000);

void same(const Json& json, const std::string& golden) { BOOST_TEST(dump_json(json) == golden); }

actors::ServiceView service() {
  actors::ServiceView view;
  view.id = ActorId{"svc_1"};
  view.customer = "cus_1";
  view.order = "ord_1";
  view.product = "prd_1";
  view.workflow = "proxmox-vm";
  view.hostname = "v1.example.com";
  view.server = "srv_1";
  view.state = "provision_failed";
  view.status = "pending";
  view.attributes = JsonObject{{"ip", "192.0.2.10"}, {"vmid", 10'001}};
  view.version = 7;
  view.created_at = view.updated_at = noon;
  return view;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rendering)

BOOST_AUTO_TEST_CASE(tells_a_customer_the_status_of_a_service_and_nothing_of_the_inside) {
  same(render(service(), false),
       R"({"id":"svc_1","status":"pending","hostname":"v1.example.com","product":"prd_1","order":"ord_1","version":7,"created_at":"2026-03-02T12:00:00Z","updated_at":"2026-03-02T12:00:00Z","ip":"192.0.2.10","busy":null})");
}

BOOST_AUTO_TEST_CASE(tells_a_customer_that_a_service_is_busy_and_with_what_but_not_that_it_is_held) {
  auto view = service();
  view.cursor = JsonObject{{"run", {{"id", "run_1"}, {"phase", "held"}, {"event", "reboot"}, {"incident", "inc_1"}}}};
  const auto json = render(view, false);
  BOOST_TEST(text_of(json, "busy") == "reboot");
  view.cursor = JsonObject{{"run", {{"id", "run_1"}, {"event", "after:active:0"}, {"phase", "forward"}}}};
  BOOST_TEST(text_of(render(view, false), "busy") == "scheduled");
  BOOST_TEST(text_of(render(view, true), "busy") == "after:active:0");
  BOOST_TEST(find_member(json, "run") == nullptr);
  BOOST_TEST(dump_json(json).find("inc_1") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(tells_staff_all_of_a_service) {
  auto view = service();
  view.cursor = JsonObject{{"run", {{"id", "run_1"}, {"phase", "held"}, {"event", "paid"}, {"incident", "inc_1"}, {"payload", {{"secret", 1}}}}}};
  same(render(view, true),
       R"({"id":"svc_1","status":"pending","hostname":"v1.example.com","product":"prd_1","order":"ord_1","version":7,"created_at":"2026-03-02T12:00:00Z","updated_at":"2026-03-02T12:00:00Z","ip":"192.0.2.10","busy":"paid",)"
       R"("state":"provision_failed","customer":"cus_1","workflow":"proxmox-vm","revision":1,"server":"srv_1","attributes":{"ip":"192.0.2.10","vmid":10001},)"
       R"("run":{"id":"run_1","phase":"held","event":"paid","incident":"inc_1"}})");
  view.cursor = JsonObject{{"run", nullptr}};
  BOOST_TEST(render(view, true).at("run").is_null());
}

BOOST_AUTO_TEST_CASE(of_tickets_and_messages_leaves_people_of_the_host_out_for_customers) {
  actors::TicketView ticket;
  ticket.id = ActorId{"tkt_1"};
  ticket.number = "1001";
  ticket.customer = "cus_1";
  ticket.subject = "No ping";
  ticket.department = "support";
  ticket.priority = "high";
  ticket.state = ticket.status = "open";
  ticket.version = 1;
  ticket.created_at = ticket.updated_at = noon;
  const std::string shown = R"({"id":"tkt_1","number":"1001","subject":"No ping","department":"support","priority":"high","status":"open","service":null,"version":1,)"
                            R"("created_at":"2026-03-02T12:00:00Z","updated_at":"2026-03-02T12:00:00Z","last_reply_at":null)";
  same(render(ticket, false), shown + "}");
  same(render(ticket, true), shown + R"(,"state":"open","customer":"cus_1"})");
  const actors::TicketMessageView message{.id = "evt_1", .ticket = ActorId{"tkt_1"}, .author = "usr_9", .role = "staff", .internal = false, .body = "Done.", .at = noon};
  same(render(message, false), R"({"id":"evt_1","role":"staff","internal":false,"body":"Done.","at":"2026-03-02T12:00:00Z"})");
  same(render(message, true), R"({"id":"evt_1","role":"staff","internal":false,"body":"Done.","at":"2026-03-02T12:00:00Z","author":"usr_9"})");
}

BOOST_AUTO_TEST_CASE(of_products_leaves_the_workflow_to_staff) {
  const actors::ProductRow product{.id = ProductId{"prd_1"}, .tenant = TenantId{"ten_1"}, .name = "VPS M", .workflow = "proxmox-vm", .attributes = JsonObject{{"cores", 2}}, .visible = true,
                                   .created_at = noon};
  same(render(product, false), R"({"id":"prd_1","name":"VPS M","attributes":{"cores":2}})");
  same(render(product, true), R"({"id":"prd_1","name":"VPS M","attributes":{"cores":2},"workflow":"proxmox-vm","visible":true,"created_at":"2026-03-02T12:00:00Z"})");
}

BOOST_AUTO_TEST_CASE(of_runs_attempts_incidents_and_the_journal_is_as_staff_read_it) {
  actors::RunRow run;
  run.id = RunId{"run_1"};
  run.actor = ActorId{"svc_1"};
  run.workflow = "proxmox-vm";
  run.event = "paid";
  run.state = "provisioning";
  run.status = "running";
  run.step = "create";
  run.started_at = noon;
  same(render(run), R"({"id":"run_1","actor":"svc_1","workflow":"proxmox-vm","revision":1,"event":"paid","state":"provisioning","status":"running","step":"create","trace":null,)"
                    R"("started_at":"2026-03-02T12:00:00Z","ended_at":null})");
  storage::AttemptRow attempt;
  attempt.id = AttemptId{"att_1"};
  attempt.step = "create";
  attempt.key = "run_1/create/1";
  attempt.executor = "connector";
  attempt.operation = "proxmox.create_vm";
  attempt.server = "srv_1";
  attempt.input = JsonObject{{"password", "x"}};
  attempt.mode = "poll";
  attempt.handle = "UPID:1";
  attempt.due = attempt.deadline = noon;
  same(render(attempt), R"({"id":"att_1","step":"create","key":"run_1/create/1","executor":"connector","operation":"proxmox.create_vm","server":"srv_1","mode":"poll","number":1,)"
                        R"("due":"2026-03-02T12:00:00Z","deadline":"2026-03-02T12:00:00Z","handle":"UPID:1"})");
  actors::IncidentRow incident;
  incident.id = IncidentId{"inc_1"};
  incident.kind = "held_run";
  incident.actor = ActorId{"svc_1"};
  incident.actor_kind = "service";
  incident.run = RunId{"run_1"};
  incident.step = "create";
  incident.error_class = "failed";
  incident.text = "no space left";
  incident.remedies = {"retry", "skip"};
  incident.opened_at = noon;
  same(render(incident), R"({"id":"inc_1","kind":"held_run","state":"open","actor":"svc_1","actor_kind":"service","run":"run_1","step":"create","class":"failed","code":null,"text":"no space left",)"
                         R"("detail":{},"remedies":["retry","skip"],"opened_at":"2026-03-02T12:00:00Z","closed_at":null,"closed_by":null,"closed_how":null,"note":null})");
  const auto meaning = [&] { return text_of(*find_member(api::render_whole(incident, ""), "remedy_meanings"), "retry"); };
  BOOST_TEST(meaning().find("verified_absent") == std::string::npos);
  incident.detail = JsonObject{{"effect_unknown", true}};
  BOOST_TEST(meaning().find("verified_absent") != std::string::npos);
  const actors::JournalView entry{.actor = ActorId{"svc_1"}, .version = 3, .at = noon, .trace = "", .decision = "dec_1", .entries = JsonArray{JsonObject{{"type", "step_done"}}}};
  same(render(entry), R"({"version":3,"at":"2026-03-02T12:00:00Z","trace":null,"decision":"dec_1","entries":[{"type":"step_done"}]})");
}

BOOST_AUTO_TEST_CASE(of_a_page_names_the_next_only_when_it_is_full) {
  const auto item = [](const std::string& id) { return Json(JsonObject{{"id", id}}); };
  same(api::render_page(std::vector<std::string>{}, 2, item), R"({"items":[],"next":null})");
  same(api::render_page(std::vector<std::string>{"a"}, 2, item), R"({"items":[{"id":"a"}],"next":null})");
  same(api::render_page(std::vector<std::string>{"a", "b"}, 2, item), R"({"items":[{"id":"a"},{"id":"b"}],"next":"b"})");
}

BOOST_AUTO_TEST_SUITE_END()
