// Every path through the operations of the shipped Proxmox connector, against scripted answers.
#include <boost/test/unit_test.hpp>

#include "tests/unit/connectors/vendor_double.hpp"

using namespace stellwerk;
using namespace stellwerk::test;
using enum OutcomeClass;
using connectors::Call;
using Failure = connectors::DriverResponse::Failure;

namespace {

Attempt run(Call call, const Vendor& vendor = {}) {
  static const auto connector = shipped_connector("connectors/library/proxmox.yaml");
  BOOST_REQUIRE(connector != nullptr);
  return test::run(connector, std::move(call), vendor);
}

Call in_mode(Call call, Call::Mode mode, std::string handle = {}) {
  call.mode = mode;
  call.handle = std::move(handle);
  return call;
}
Call observe(std::string operation, Json input = JsonObject{{"vmid", 105}}) { return in_mode(proxmox_call(std::move(operation), std::move(input)), Call::Mode::observe); }

const JsonObject clone_input{{"vmid", 105}, {"template", 9000}, {"name", "www.example.com"}};

Vendor with_config(JsonObject config) {
  Vendor vendor;
  vendor.config = std::move(config);
  return vendor;
}
Vendor nobody() {
  Vendor vendor;
  vendor.node.clear();
  vendor.config.reset();
  return vendor;
}
Vendor answering(connectors::DriverResponse change, Vendor vendor = {}) {
  vendor.change = std::move(change);
  return vendor;
}
JsonObject held_config() {
  return {{"description", "Ours\nstellwerk:svc_1\nstellwerk-suspended: onboot=1"}, {"tags", "web;suspended"}, {"onboot", 0}, {"digest", "d2"}, {"scsi0", "local:x,size=20G"}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(proxmox)

// --- clone

BOOST_AUTO_TEST_CASE(clone_writes_the_mark_in_the_creating_request) {
  const auto attempt = run(proxmox_call("clone", clone_input), nobody());
  BOOST_TEST(attempt.outcome.is == pending);
  BOOST_TEST(attempt.outcome.handle == "UPID:pve2:0001:0002:0003:qmtask:105:stellwerk@pve!main:");
  BOOST_REQUIRE(attempt.changes.size() == 1u);
  const auto& request = attempt.changes.front();
  BOOST_TEST(request.method == "POST");
  BOOST_TEST(request.url == "https://pve.example.com:8006/api2/json/nodes/pve1/qemu/9000/clone");
  BOOST_TEST(request.key == "run_1/create/1");
  const auto form = form_of(request.body);
  BOOST_TEST(form.at("newid") == "105");
  BOOST_TEST(form.at("full") == "1");
  BOOST_TEST(form.at("name") == "www.example.com");
  BOOST_TEST(form.at("description") == "stellwerk:svc_1");
  BOOST_TEST(!form.contains("storage"));
  const auto auth = std::find(request.headers.begin(), request.headers.end(), std::pair<std::string, std::string>{"Authorization", "PVEAPIToken=stellwerk@pve!main=5f7d2c1e-secret-token"});
  BOOST_TEST((auth != request.headers.end()));
}

BOOST_AUTO_TEST_CASE(an_unclear_clone_is_found_by_its_mark_and_believed_only_when_unlocked) {
  struct Row {
    const char* what;
    Vendor vendor;
    OutcomeClass is;
  };
  Vendor listed_late;
  listed_late.config.reset();
  Vendor cloning_elsewhere = nobody();
  cloning_elsewhere.cloning = {JsonObject{{"id", "9000"}, {"type", "qmclone"}, {"upid", "UPID:x:"}}};
  Vendor ended_elsewhere = nobody();
  ended_elsewhere.cloning = {JsonObject{{"id", "9000"}, {"type", "qmclone"}, {"upid", "UPID:x:"}, {"endtime", 1}}};
  Vendor container;
  container.guest_type = "lxc";
  Vendor our_task = with_config({{"description", "stellwerk:svc_1"}, {"lock", "clone"}});
  our_task.cloning = {JsonObject{{"id", "105"}, {"type", "qmclone"}, {"upid", "UPID:ours:"}}};
  const std::vector<Row> rows{
      {"ours, finished", with_config({{"description", "stellwerk:svc_1\n"}}), already},
      {"ours, locked", with_config({{"description", "stellwerk:svc_1"}, {"lock", "clone"}}), retry},
      {"ours, with its task", our_task, pending},
      {"being written, no mark yet", with_config({{"lock", "clone"}}), retry},
      {"another's", with_config({{"description", "stellwerk:svc_12"}}), conflict},
      {"nobody's", with_config({{"name", "by-hand"}}), conflict},
      {"a container", container, conflict},
      {"listed, not readable yet", listed_late, retry},
      {"absent", nobody(), not_done},
      {"absent while a clone of the template runs", cloning_elsewhere, retry},
      {"absent after a clone of the template", ended_elsewhere, not_done},
  };
  for (const auto& row : rows) {
    BOOST_TEST_CONTEXT(row.what) {
      const auto attempt = run(observe("clone", clone_input), row.vendor);
      BOOST_TEST(attempt.outcome.is == row.is, attempt.outcome.is << ": " << attempt.outcome.text);
      BOOST_TEST(attempt.changes.empty());
      BOOST_TEST(attempt.outcome.sent);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_observed_clone_reads_what_is_under_way_before_what_is_there) {
  const auto attempt = run(observe("clone", clone_input), with_config({{"description", "stellwerk:svc_1"}}));
  const auto place_of = [&](std::string_view part) {
    return std::find_if(attempt.reads.begin(), attempt.reads.end(), [&](const auto& read) { return read.url.find(part) != std::string::npos; }) - attempt.reads.begin();
  };
  BOOST_TEST(std::ssize(attempt.reads) == 3);
  BOOST_TEST(place_of("typefilter=qmclone") == 0);
  BOOST_TEST(place_of("/cluster/resources") == 1);
  BOOST_TEST(place_of("/config") == 2);
}

BOOST_AUTO_TEST_CASE(a_clone_that_ends_between_two_reads_of_its_observation_is_never_taken_for_one_that_did_not_happen) {
  static const auto connector = shipped_connector("connectors/library/proxmox.yaml");
  Vendor under_way = nobody();
  under_way.cloning = {JsonObject{{"id", "9000"}, {"type", "qmclone"}, {"upid", "UPID:x:"}}};
  const auto ended = with_config({{"description", "stellwerk:svc_1"}});
  for (int reads_before = 0; reads_before <= 3; ++reads_before) {
    connectors::Execution execution{connector, observe("clone", clone_input)};
    auto next = execution.start();
    for (int reads = 0; const auto* send = std::get_if<connectors::Execution::Send>(&next); ++reads) next = execution.on_response((reads < reads_before ? under_way : ended).respond(send->request));
    const auto outcome = std::get<Outcome>(std::move(next));
    BOOST_TEST((outcome.is == already || outcome.is == retry), "it ended after " << reads_before << " reads: " << outcome.is << ": " << outcome.text);
  }
}

BOOST_AUTO_TEST_CASE(already_exists_is_a_conflict_only_when_the_guest_is_not_ours) {
  const auto exists = answer(500, "unable to create VM 105 - VM 105 already exists on node 'pve2'");
  BOOST_TEST(run(proxmox_call("clone", clone_input), answering(exists, with_config({{"description", "stellwerk:svc_1"}}))).outcome.is == already);
  BOOST_TEST(run(proxmox_call("clone", clone_input), answering(exists, with_config({{"description", "stellwerk:svc_12"}}))).outcome.is == conflict);
  const auto unseen = run(proxmox_call("clone", clone_input), answering(exists, nobody()));
  BOOST_TEST(unseen.outcome.is == conflict);
  BOOST_TEST(unseen.outcome.text.find("VM 105 already exists") != std::string::npos);
  auto blind = answering(exists, nobody());
  blind.reads = broken(Failure::uncertain, "timeout");
  BOOST_TEST(run(proxmox_call("clone", clone_input), blind).outcome.is == unclear);
}

// --- answers to a change, by the vendor's words

BOOST_AUTO_TEST_CASE(answers_to_a_change_are_classified_by_status_and_words) {
  struct Row {
    connectors::DriverResponse response;
    OutcomeClass is;
    const char* code;
    bool sent = true;
  };
  const std::vector<Row> rows{
      {answer(500, "VM is locked (backup)"), retry, "locked"},
      {answer(500, "can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout"), retry, "locked"},
      {answer(500, "detected modified configuration - file changed by other user? Try again."), retry, "locked"},
      {answer(500, "Internal Server Error", R"-({"data":null,"message":"VM is locked (clone)"})-"), retry, "locked"},
      {answer(500, "Configuration file 'nodes/pve2/qemu-server/105.conf' does not exist"), gone, "gone"},
      {answer(500, "VM 105 already running"), already, "already"},
      {answer(500, "no space left on device"), rejected_operator, "vendor"},
      {answer(501, "Method not implemented"), rejected_operator, "not_implemented"},
      {answer(503, "Service Unavailable"), retry, "busy"},
      {answer(595, "No route to host"), unclear, "node_unreachable"},
      {answer(596, "Broken pipe"), unclear, "node_unreachable"},
      {answer(599, "Too many redirections"), unclear, "node_unreachable"},
      {answer(401, "No ticket"), rejected_operator, "access"},
      {answer(403, "Permission check failed (/vms/105, VM.PowerMgmt)"), rejected_operator, "access"},
      {answer(302, "Found", ""), unclear, "http_302"},
      {answer(200, "OK", "<html>"), unclear, "unreadable"},
      {answer(200, "OK", ""), unclear, "unreadable"},
      {answer(200, "OK", R"({"data":null})"), unclear, "unreadable"},
      {broken(Failure::not_sent, "refused"), retry, "refused", false},
      {broken(Failure::uncertain, "timeout"), unclear, "timeout"},
  };
  for (const auto& row : rows) {
    BOOST_TEST_CONTEXT(row.response.status << " " << row.response.reason << row.response.failure_code) {
      Vendor vendor = answering(row.response);
      vendor.status = "stopped";
      const auto attempt = run(proxmox_call("start_vm"), vendor);
      BOOST_TEST(attempt.outcome.is == row.is, attempt.outcome.is << ": " << attempt.outcome.text);
      BOOST_TEST(attempt.outcome.code == row.code);
      BOOST_TEST(attempt.outcome.sent == row.sent);
      BOOST_TEST(attempt.changes.size() == 1u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_refused_login_holds_the_server) {
  BOOST_TEST(run(proxmox_call("clone", clone_input), answering(answer(401, "invalid token value!"), nobody())).outcome.hold == "server");
  Vendor locked_out;
  locked_out.reads = answer(403, "Permission check failed");
  const auto attempt = run(proxmox_call("stop_vm"), locked_out);
  BOOST_TEST(attempt.outcome.is == rejected_operator);
  BOOST_TEST(attempt.outcome.hold == "server");
  BOOST_TEST(!attempt.outcome.sent);
}

BOOST_AUTO_TEST_CASE(a_refused_parameter_tells_field_and_reason) {
  const auto attempt = run(proxmox_call("clone", clone_input),
                           answering(answer(400, "Parameter verification failed.", R"({"errors":{"name":"value does not look like a valid DNS name"},"data":null})"), nobody()));
  BOOST_TEST(attempt.outcome.is == rejected_operator);
  BOOST_TEST(attempt.outcome.code == "parameters");
  BOOST_TEST(attempt.outcome.text == "Parameter verification failed. name: value does not look like a valid DNS name");
}

// --- ownership

BOOST_AUTO_TEST_CASE(nothing_is_done_to_a_guest_that_does_not_carry_the_whole_mark_as_a_line) {
  const std::vector<const char*> strangers{"stellwerk:svc_12", "stellwerk:svc_1 (old)", "x stellwerk:svc_1", "customer server", ""};
  for (const auto* operation : {"start_vm", "stop_vm", "reboot_vm", "hold_vm", "release_vm", "configure_vm", "resize_disk", "delete_vm"}) {
    for (const auto* description : strangers) {
      BOOST_TEST_CONTEXT(operation << " '" << description << "'") {
        const auto attempt = run(proxmox_call(operation, JsonObject{{"vmid", 105}}), with_config({{"description", description}}));
        BOOST_TEST(attempt.outcome.is == rejected_operator);
        BOOST_TEST(attempt.outcome.code == "not_owned");
        BOOST_TEST(!attempt.outcome.sent);
        BOOST_TEST(attempt.changes.empty());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_container_with_the_id_is_not_touched) {
  Vendor container;
  container.guest_type = "lxc";
  const auto attempt = run(proxmox_call("delete_vm"), container);
  BOOST_TEST(attempt.outcome.is == gone);
  BOOST_TEST(attempt.changes.empty());
}

BOOST_AUTO_TEST_CASE(what_is_absent_is_already_stopped_and_deleted_but_gone_for_everything_else) {
  for (const auto& [operation, is] : std::vector<std::pair<const char*, OutcomeClass>>{
           {"stop_vm", already}, {"delete_vm", already}, {"start_vm", gone}, {"reboot_vm", gone}, {"hold_vm", gone}, {"release_vm", gone}, {"configure_vm", gone}}) {
    BOOST_TEST_CONTEXT(operation) {
      const auto attempt = run(proxmox_call(operation), nobody());
      BOOST_TEST(attempt.outcome.is == is, attempt.outcome.is << ": " << attempt.outcome.text);
      BOOST_TEST(!attempt.outcome.sent);
      BOOST_TEST(attempt.changes.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_guest_on_the_move_is_tried_again) {
  Vendor moving;
  moving.config.reset();
  for (const auto* operation : {"stop_vm", "delete_vm", "start_vm"}) {
    const auto attempt = run(proxmox_call(operation), moving);
    BOOST_TEST(attempt.outcome.is == retry, operation);
    BOOST_TEST(attempt.outcome.code == "moving");
    BOOST_TEST(!attempt.outcome.sent);
  }
}

// --- power

BOOST_AUTO_TEST_CASE(requests_go_to_the_node_where_the_guest_is_now) {
  Vendor vendor;
  vendor.node = "pve7";
  const auto attempt = run(proxmox_call("stop_vm"), vendor);
  BOOST_REQUIRE(attempt.changes.size() == 1u);
  BOOST_TEST(attempt.changes[0].url == "https://pve.example.com:8006/api2/json/nodes/pve7/qemu/105/status/stop");
  BOOST_TEST(attempt.changes[0].body.empty());
}

BOOST_AUTO_TEST_CASE(power_changes_send_nothing_when_nothing_is_to_do) {
  Vendor stopped;
  stopped.status = "stopped";
  BOOST_TEST(run(proxmox_call("stop_vm"), stopped).outcome.is == already);
  BOOST_TEST(run(proxmox_call("stop_vm"), stopped).changes.empty());
  BOOST_TEST(run(proxmox_call("start_vm")).outcome.is == already);
  BOOST_TEST(run(proxmox_call("start_vm")).changes.empty());
  const auto reboot = run(proxmox_call("reboot_vm"), stopped);
  BOOST_TEST(reboot.outcome.is == rejected_customer);
  BOOST_TEST(reboot.outcome.code == "not_running");
}

BOOST_AUTO_TEST_CASE(a_suspended_guest_is_neither_started_nor_rebooted) {
  auto vendor = with_config(held_config());
  vendor.status = "stopped";
  for (const auto* operation : {"start_vm", "reboot_vm"}) {
    const auto attempt = run(proxmox_call(operation), vendor);
    BOOST_TEST(attempt.outcome.is == rejected_customer);
    BOOST_TEST(attempt.outcome.code == "suspended");
    BOOST_TEST(attempt.changes.empty());
  }
}

BOOST_AUTO_TEST_CASE(an_unclear_power_change_is_seen_by_state_or_by_its_task) {
  Vendor stopped;
  stopped.status = "stopped";
  BOOST_TEST(run(observe("stop_vm"), stopped).outcome.is == already);
  BOOST_TEST(run(observe("stop_vm")).outcome.is == not_done);
  BOOST_TEST(run(observe("start_vm"), stopped).outcome.is == not_done);
  Vendor stopping;
  stopping.tasks = {JsonObject{{"id", "105"}, {"type", "qmstop"}, {"upid", "UPID:stop:"}}};
  const auto attempt = run(observe("stop_vm"), stopping);
  BOOST_TEST(attempt.outcome.is == pending);
  BOOST_TEST(attempt.outcome.handle == "UPID:stop:");
  Vendor backup;
  backup.tasks = {JsonObject{{"id", "105"}, {"type", "vzdump"}, {"upid", "UPID:backup:"}}};
  BOOST_TEST(run(observe("stop_vm"), backup).outcome.is == not_done);
}

BOOST_AUTO_TEST_CASE(an_unclear_deletion_is_seen_by_absence) {
  BOOST_TEST(run(observe("delete_vm"), nobody()).outcome.is == already);
  BOOST_TEST(run(observe("delete_vm")).outcome.is == not_done);
  BOOST_TEST(run(observe("delete_vm"), with_config({{"description", "stellwerk:svc_2"}})).outcome.code == "not_owned");
  Vendor blind;
  blind.reads = broken(Failure::uncertain, "timeout");
  BOOST_TEST(run(observe("delete_vm"), blind).outcome.is == retry);
}

BOOST_AUTO_TEST_CASE(deleting_takes_the_disks_and_jobs_along) {
  const auto attempt = run(proxmox_call("delete_vm"));
  BOOST_REQUIRE(attempt.changes.size() == 1u);
  BOOST_TEST(attempt.changes[0].method == "DELETE");
  BOOST_TEST(attempt.changes[0].url == "https://pve.example.com:8006/api2/json/nodes/pve2/qemu/105?purge=1&destroy-unreferenced-disks=1");
}

// --- configuration

BOOST_AUTO_TEST_CASE(configuring_sends_only_what_is_given_and_the_digest) {
  auto call = proxmox_call("configure_vm", JsonObject{{"vmid", 105}, {"cores", 4}, {"ip", "192.0.2.10"}, {"password", "pass word&1"}});
  const auto attempt = run(call);
  BOOST_REQUIRE(attempt.changes.size() == 1u);
  const auto form = form_of(attempt.changes[0].body);
  BOOST_TEST(form.at("cores") == "4");
  BOOST_TEST(form.at("ipconfig0") == "ip=192.0.2.10/24,gw=192.0.2.1");
  BOOST_TEST(form.at("cipassword") == "pass word&1");
  BOOST_TEST(form.at("onboot") == "1");
  BOOST_TEST(form.at("digest") == "d1");
  BOOST_TEST(!form.contains("memory"));
  BOOST_TEST(attempt.outcome.is == pending);
}

BOOST_AUTO_TEST_CASE(a_change_without_a_task_is_done_at_once) { BOOST_TEST(run(proxmox_call("configure_vm"), answering(data(nullptr))).outcome.is == done); }

BOOST_AUTO_TEST_CASE(configuring_a_suspended_guest_leaves_it_off) {
  const auto attempt = run(proxmox_call("configure_vm", JsonObject{{"vmid", 105}, {"cores", 4}}), with_config(held_config()));
  BOOST_REQUIRE(attempt.changes.size() == 1u);
  BOOST_TEST(!form_of(attempt.changes[0].body).contains("onboot"));
}

BOOST_AUTO_TEST_CASE(an_unclear_configuration_waits_for_the_vendors_task_and_is_then_repeated) {
  BOOST_TEST(run(observe("configure_vm")).outcome.is == not_done);
  Vendor working;
  working.tasks = {JsonObject{{"id", "105"}, {"type", "qmconfig"}, {"upid", "UPID:c:"}}};
  BOOST_TEST(run(observe("configure_vm"), working).outcome.is == retry);
}

BOOST_AUTO_TEST_CASE(a_disk_only_grows) {
  struct Row {
    const char* disk;
    int wanted;
    bool sends;
  };
  for (const auto& row : {Row{"local:vm-105-disk-0,size=20G", 20, false}, Row{"local:vm-105-disk-0,size=20G", 21, true}, Row{"local:x,iothread=1,size=20480M", 20, false},
                          Row{"local:x,size=2252M", 3, true}, Row{"local:x,size=1T,ssd=1", 1024, false}, Row{"local:x", 10, true}}) {
    BOOST_TEST_CONTEXT(row.disk << " -> " << row.wanted) {
      const auto attempt = run(proxmox_call("resize_disk", JsonObject{{"vmid", 105}, {"size_gb", row.wanted}}), with_config({{"description", "stellwerk:svc_1"}, {"digest", "d"}, {"virtio0", row.disk}}));
      BOOST_TEST(attempt.changes.size() == (row.sends ? 1u : 0u));
      BOOST_TEST(attempt.outcome.is == (row.sends ? pending : already), attempt.outcome.text);
      if (row.sends) {
        const auto form = form_of(attempt.changes[0].body);
        BOOST_TEST(attempt.changes[0].method == "PUT");
        BOOST_TEST(form.at("disk") == "virtio0");
        BOOST_TEST(form.at("size") == std::to_string(row.wanted) + "G");
      }
    }
  }
  const auto diskless = run(proxmox_call("resize_disk", JsonObject{{"vmid", 105}, {"size_gb", 30}}), with_config({{"description", "stellwerk:svc_1"}, {"ide0", "none,media=cdrom"}}));
  BOOST_TEST(diskless.outcome.code == "no_disk");
}

// --- suspension

BOOST_AUTO_TEST_CASE(a_hold_keeps_the_old_onboot_in_the_same_request) {
  const auto attempt = run(proxmox_call("hold_vm"), with_config({{"description", "Note\nstellwerk:svc_1\n"}, {"tags", "web"}, {"onboot", 1}, {"digest", "d1"}}));
  BOOST_REQUIRE(attempt.changes.size() == 1u);
  const auto form = form_of(attempt.changes[0].body);
  BOOST_TEST(form.at("onboot") == "0");
  BOOST_TEST(form.at("tags") == "web;suspended");
  BOOST_TEST(form.at("description") == "Note\nstellwerk:svc_1\nstellwerk-suspended: onboot=1");
  BOOST_TEST(form.at("digest") == "d1");
  const auto without = run(proxmox_call("hold_vm"), with_config({{"description", "stellwerk:svc_1"}}));
  BOOST_TEST(form_of(without.changes.at(0).body).at("description") == "stellwerk:svc_1\nstellwerk-suspended: onboot=0");
}

BOOST_AUTO_TEST_CASE(a_hold_is_not_taken_twice) {
  const auto attempt = run(proxmox_call("hold_vm"), with_config(held_config()));
  BOOST_TEST(attempt.outcome.is == already);
  BOOST_TEST(attempt.changes.empty());
  BOOST_TEST(run(observe("hold_vm"), with_config(held_config())).outcome.is == already);
  BOOST_TEST(run(observe("hold_vm")).outcome.is == not_done);
}

BOOST_AUTO_TEST_CASE(releasing_restores_what_the_hold_changed) {
  const auto attempt = run(proxmox_call("release_vm"), with_config(held_config()));
  BOOST_REQUIRE(attempt.changes.size() == 1u);
  auto form = form_of(attempt.changes[0].body);
  BOOST_TEST(form.at("onboot") == "1");
  BOOST_TEST(form.at("tags") == "web");
  BOOST_TEST(!form.contains("delete"));
  BOOST_TEST(form.at("description") == "Ours\nstellwerk:svc_1");
  auto alone = held_config();
  alone["tags"] = "suspended";
  alone["description"] = "stellwerk:svc_1\nstellwerk-suspended: onboot=0";
  form = form_of(run(proxmox_call("release_vm"), with_config(alone)).changes.at(0).body);
  BOOST_TEST(form.at("onboot") == "0");
  BOOST_TEST(form.at("delete") == "tags");
  BOOST_TEST(!form.contains("tags"));
  BOOST_TEST(run(proxmox_call("release_vm")).outcome.is == already);
}

// --- tasks

BOOST_AUTO_TEST_CASE(a_task_is_read_by_its_end) {
  struct Row {
    connectors::DriverResponse response;
    OutcomeClass is;
  };
  const auto stopped = [](const char* exit) { return data(JsonObject{{"status", "stopped"}, {"exitstatus", exit}}); };
  const std::vector<Row> rows{
      {data(JsonObject{{"status", "running"}}), pending},
      {stopped("OK"), done},
      {stopped("WARNINGS: 2"), done},
      {stopped("VM is locked (backup)"), retry},
      {stopped("can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout"), retry},
      {stopped("VM 105 already running"), retry},
      {stopped("unable to create VM 105 - VM 105 already exists on node 'pve2'"), conflict},
      {stopped("Configuration file 'nodes/pve2/qemu-server/105.conf' does not exist"), gone},
      {stopped("no space left on device"), rejected_operator},
      {stopped("unexpected status"), unclear},
      {data(JsonObject{{"status", "stopped"}}), unclear},
      {answer(500, "no such task"), unclear},
      {answer(400, "unable to parse worker upid 'x'"), unclear},
      {answer(500, "Internal Server Error"), pending},
      {answer(596, "Broken pipe"), pending},
      {answer(503, "Service Unavailable"), pending},
      {answer(401, "No ticket"), pending},
      {answer(200, "OK", "not json"), pending},
      {answer(200, "OK", "{}"), pending},
      {broken(Failure::uncertain, "timeout"), pending},
      {broken(Failure::not_sent, "refused"), pending},
  };
  const std::string upid = "UPID:pve2:0001:0002:0003:qmclone:9000:stellwerk@pve!main:";
  for (const auto& row : rows) {
    BOOST_TEST_CONTEXT(row.response.status << " " << row.response.reason << " " << row.response.body << row.response.failure_code) {
      Vendor vendor;
      vendor.poll = row.response;
      const auto attempt = run(in_mode(proxmox_call("clone", clone_input), Call::Mode::poll, upid), vendor);
      BOOST_TEST(attempt.outcome.is == row.is, attempt.outcome.is << ": " << attempt.outcome.text);
      BOOST_REQUIRE(attempt.reads.size() == 1u);
      BOOST_TEST(attempt.reads[0].url ==
                 "https://pve.example.com:8006/api2/json/nodes/pve2/tasks/UPID%3Apve2%3A0001%3A0002%3A0003%3Aqmclone%3A9000%3Astellwerk%40pve%21main%3A/status");
      if (row.is == pending) BOOST_TEST(attempt.outcome.handle == upid);
    }
  }
}

// --- composites

BOOST_AUTO_TEST_CASE(entries_of_create_vm_take_their_inputs_from_the_whole) {
  auto call = proxmox_call("create_vm", JsonObject{{"vmid", 105}, {"image", "debian-13"}, {"hostname", "www.example.com"}, {"cores", 4}, {"memory_mb", 2048}, {"disk_gb", 40}, {"ip", "192.0.2.10/28"}, {"password", "geheim-123"}});
  call.sub = 0;
  BOOST_TEST(run(call, nobody()).changes.at(0).url.ends_with("/qemu/9000/clone"));
  call.sub = 1;
  const auto configure = form_of(run(call).changes.at(0).body);
  BOOST_TEST(configure.at("memory") == "2048");
  BOOST_TEST(configure.at("ipconfig0") == "ip=192.0.2.10/28,gw=192.0.2.1");
  BOOST_TEST(configure.at("cipassword") == "geheim-123");
  call.sub = 2;
  BOOST_TEST(form_of(run(call).changes.at(0).body).at("size") == "40G");
  call.sub = 3;
  BOOST_TEST(run(call).outcome.code == "unknown_operation");
}

BOOST_AUTO_TEST_CASE(an_image_that_the_server_does_not_have_is_refused_before_anything_is_sent) {
  auto call = proxmox_call("create_vm", JsonObject{{"vmid", 105}, {"image", "plan9"}, {"password", "geheim-123"}});
  call.sub = 0;
  const auto attempt = run(call, nobody());
  BOOST_TEST(attempt.outcome.is == rejected_operator);
  BOOST_TEST(attempt.outcome.code == "input");
  BOOST_TEST(!attempt.outcome.sent);
  BOOST_TEST(attempt.reads.empty());
}

BOOST_AUTO_TEST_CASE(the_undo_of_a_create_is_given_all_its_inputs) {
  auto call = proxmox_call("destroy_vm", JsonObject{{"vmid", 105}, {"image", "debian-13"}, {"cores", 4}});
  call.sub = 1;
  BOOST_TEST(run(call).outcome.is == pending);
}

// --- secrets

BOOST_AUTO_TEST_CASE(secrets_never_come_back_in_a_text) {
  const std::string token = "5f7d2c1e-secret-token", password = "p\"ss wort/1";
  const auto echo = token + " p\"ss wort/1 p%22ss%20wort%2F1 p%22ss+wort%2F1 p\\\"ss wort/1";
  auto call = proxmox_call("configure_vm", JsonObject{{"vmid", 105}, {"password", password}});
  for (const int status : {400, 401, 500, 503, 596}) {
    const auto attempt = run(call, answering(answer(status, echo, dump_json(JsonObject{{"message", token + " " + password}}))));
    BOOST_TEST(attempt.outcome.text.find(token) == std::string::npos);
    BOOST_TEST(attempt.outcome.text.find("wort") == std::string::npos, attempt.outcome.text);
    BOOST_TEST(attempt.outcome.text.find("***") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_long_or_malformed_text_is_shortened_and_mended) {
  const auto attempt = run(proxmox_call("configure_vm"), answering(answer(500, "b\xff" + std::string(400'000, 'x'))));
  BOOST_TEST(attempt.outcome.text.size() <= 128u * 1024u);
  BOOST_TEST(attempt.outcome.text.ends_with(" bytes left out)"));
  BOOST_TEST(attempt.outcome.text.starts_with("b?xxx"));
}

BOOST_AUTO_TEST_CASE(the_version_is_read_as_output) {
  const auto attempt = run(proxmox_call("version", JsonObject{}));
  BOOST_TEST(attempt.outcome.is == done);
  BOOST_TEST(text_of(attempt.outcome.output, "version") == "9.1.3");
}

BOOST_AUTO_TEST_SUITE_END()
