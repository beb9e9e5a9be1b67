#include "sandbox/proxmox_model.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/unit/sandbox/driver.hpp"

namespace stellwerk::sandbox::test {
namespace {

using enum http::Method;

BOOST_AUTO_TEST_SUITE(proxmox_model)

BOOST_AUTO_TEST_CASE(refuses_every_caller_without_the_exact_token) {
  Driver pve;
  for (const auto* wrong : {"", "PVEAPIToken=stellwerk@pve!orchestrator=other", "PVEAPIToken=root@pam!x=s3cret", "Bearer s3cret"}) {
    pve.authorization = wrong;
    const auto answer = pve.get("/version");
    BOOST_TEST(answer.status == 401);
    BOOST_TEST(answer.reason == "authentication failure");
  }
}

BOOST_AUTO_TEST_CASE(answers_501_to_paths_and_methods_that_do_not_exist) {
  Driver pve;
  BOOST_TEST(pve.get("/nodes/pve1/qemu/9000/confg").status == 501);
  BOOST_TEST(pve.post("/version").status == 501);
  BOOST_TEST(pve.post("/version").reason == "Method 'POST /version' not implemented");
  BOOST_TEST(pve.ask(get, "/other").status == 404);
}

BOOST_AUTO_TEST_CASE(refuses_unknown_missing_and_out_of_range_parameters) {
  Driver pve;
  const auto answer = pve.post("/nodes/pve1/qemu/9000/clone", "newid=42&nmae=x");
  BOOST_TEST(answer.status == 400);
  BOOST_TEST(answer.reason == "Parameter verification failed.");
  BOOST_TEST(answer.data().is_null());
  BOOST_TEST(answer.error("newid") == "value must have a minimum value of 100");
  BOOST_TEST(answer.error("nmae").starts_with("property is not defined in schema"));
  BOOST_TEST(pve.post("/nodes/pve1/qemu/9000/clone").error("newid") == "property is missing and it is not optional");
  BOOST_TEST(pve.get("/cluster/resources?type=vms").status == 400);
  BOOST_TEST(pve.get("/nodes/pve1/qemu/42/config").error("vmid") != "");
  BOOST_TEST(pve.post("/nodes/pve1/qemu/9000/status/start", "skiplock=1").error("skiplock") == "Only root may use this option.");
  BOOST_TEST(pve.model.cluster().guests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(takes_json_bodies_like_forms) {
  Driver pve;
  pve.content_type = "application/json";
  BOOST_TEST(pve.post("/nodes/pve1/qemu/9000/clone", R"({"newid":105,"full":true,"name":"web"})").status == 200);
  BOOST_TEST(pve.post("/nodes/pve1/qemu/9000/clone", R"({"newid":106,"fool":true})").error("fool") != "");
  BOOST_TEST(pve.post("/nodes/pve1/qemu/9000/clone", R"([1])").status == 400);
}

BOOST_AUTO_TEST_CASE(a_clone_exists_at_once_but_stays_locked_until_its_task_ends) {
  Driver pve;
  const auto upid = pve.clone(105).text();
  BOOST_TEST(upid.starts_with("UPID:pve1:"));
  BOOST_TEST(text_of(pve.config(105), "description") == "stellwerk:svc_1");
  BOOST_TEST(text_of(pve.status(105), "lock") == "clone");
  BOOST_TEST(text_of(pve.task(upid), "status") == "running");
  for (const auto& answer : {pve.post("/nodes/pve1/qemu/105/config", "cores=4"), pve.post("/nodes/pve1/qemu/105/status/start"),
                             pve.post("/nodes/pve1/qemu/105/status/stop"), pve.put("/nodes/pve1/qemu/105/config", "cores=4"),
                             pve.put("/nodes/pve1/qemu/105/resize", "disk=scsi0&size=%2B1G"), pve.del("/nodes/pve1/qemu/105?purge=1")}) {
    BOOST_TEST(answer.status == 500);
    BOOST_TEST(answer.reason == "VM is locked (clone)");
  }
  pve.pass(2999ms);
  BOOST_TEST(text_of(pve.task(upid), "status") == "running");
  pve.pass(1ms);
  BOOST_TEST(pve.exit_of(upid) == "OK");
  BOOST_TEST(text_of(pve.status(105), "lock") == "");
  BOOST_TEST(find_member(pve.config(105), "template") == nullptr);
}

BOOST_AUTO_TEST_CASE(takes_upids_raw_and_percent_encoded) {
  Driver pve;
  const auto upid = pve.clone(105).text();
  std::string encoded;
  for (const char c : upid) encoded += c == ':' ? "%3A" : c == '@' ? "%40" : c == '!' ? "%21" : std::string{c};
  BOOST_TEST(text_of(pve.task(encoded), "upid") == upid);
  BOOST_TEST(text_of(pve.task(encoded), "tokenid") == "orchestrator");
  BOOST_TEST(pve.get("/nodes/pve2/tasks/" + upid + "/status").error("upid") == "no such task");
  BOOST_TEST(pve.get("/nodes/pve1/tasks/UPID:x/status").error("upid") == "unable to parse worker upid");
}

BOOST_AUTO_TEST_CASE(a_taken_number_is_a_collision_and_changes_nothing) {
  Driver pve;
  pve.make_guest(105);
  const auto answer = pve.post("/nodes/pve1/qemu/9000/clone", "newid=105&description=other");
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(answer.reason == "unable to create VM 105 - VM 105 already exists on node 'pve1'");
  BOOST_TEST(answer.data().is_null());
  BOOST_TEST(text_of(pve.config(105), "description") == "stellwerk:svc_1");
  BOOST_TEST(pve.get("/cluster/nextid").text() == "100");
  BOOST_TEST(pve.get("/cluster/nextid?vmid=105").error("vmid") == "VM 105 already exists");
}

BOOST_AUTO_TEST_CASE(a_clone_has_the_storage_pool_and_identity_it_asked_for) {
  Driver pve;
  (void)pve.clone(105, "&storage=ssd&pool=customers&target=pve2");
  const auto config = pve.get("/nodes/pve2/qemu/105/config").data();
  BOOST_TEST(text_of(config, "scsi0") == "ssd:vm-105-disk-0,size=10G");
  BOOST_TEST(text_of(config, "smbios1") != text_of(pve.config(9000), "smbios1"));
  BOOST_TEST(text_of(config, "net0") != text_of(pve.config(9000), "net0"));
  BOOST_TEST(find_member(config, "pool") == nullptr);
  BOOST_TEST(text_of(pve.get("/cluster/resources?type=vm").data().as_array().at(0), "pool") == "customers");
  BOOST_TEST(pve.post("/nodes/pve1/qemu/9000/clone", "newid=106&full=0&storage=ssd").reason == "parameter 'storage' not allowed for linked clones");
  BOOST_TEST(pve.post("/nodes/pve1/qemu/9000/clone", "newid=106&target=pve9").reason == "no such cluster node 'pve9'");
}

BOOST_AUTO_TEST_CASE(clones_of_one_template_run_one_after_the_other) {
  Driver pve;
  const auto first = pve.clone(105).text(), second = pve.clone(106).text();
  pve.pass(3s);
  BOOST_TEST(pve.exit_of(first) == "OK");
  BOOST_TEST(pve.exit_of(second) == "running");
  pve.pass(2999ms);
  BOOST_TEST(pve.exit_of(second) == "running");
  pve.pass(1ms);
  BOOST_TEST(pve.exit_of(second) == "OK");
}

BOOST_AUTO_TEST_CASE(clones_due_in_one_leap_of_the_clock_end_at_their_own_moments) {
  Driver pve;
  (void)pve.clone(105);
  const auto second = pve.clone(106).text();
  BOOST_TEST(pve.control(post, "/clock", R"({"advance":"PT30M"})").status == 200);
  BOOST_TEST(pve.exit_of(second) == "OK");
  const auto entry = pve.get("/nodes/pve1/tasks?typefilter=qmclone").data().as_array().at(0);
  BOOST_TEST(int_of(entry, "endtime") - int_of(entry, "starttime") == 6);
}

BOOST_AUTO_TEST_CASE(power_follows_its_tasks_and_refuses_what_is_done_already) {
  Driver pve;
  pve.make_guest(105);
  BOOST_TEST(pve.post("/nodes/pve1/qemu/105/status/stop").reason == "VM 105 not running");
  BOOST_TEST(pve.post("/nodes/pve1/qemu/105/status/shutdown").reason == "VM 105 not running");
  BOOST_TEST(pve.finish(pve.post("/nodes/pve1/qemu/105/status/start")) == "OK");
  BOOST_TEST(text_of(pve.status(105), "status") == "running");
  BOOST_TEST(pve.post("/nodes/pve1/qemu/105/status/start").reason == "VM 105 already running");
  BOOST_TEST(pve.del("/nodes/pve1/qemu/105").reason == "VM 105 is running - destroy failed");
  BOOST_TEST(pve.finish(pve.post("/nodes/pve1/qemu/105/status/reboot")) == "OK");
  BOOST_TEST(pve.finish(pve.post("/nodes/pve1/qemu/105/status/shutdown", "forceStop=1&timeout=30")) == "OK");
  BOOST_TEST(text_of(pve.status(105), "qmpstatus") == "stopped");
  BOOST_TEST(pve.post("/nodes/pve1/qemu/9000/status/start").reason == "you can't start a vm if it's a template");
}

BOOST_AUTO_TEST_CASE(a_start_that_waits_behind_another_fails_in_its_task) {
  Driver pve;
  pve.make_guest(105);
  const auto first = pve.post("/nodes/pve1/qemu/105/status/start").text(), second = pve.post("/nodes/pve1/qemu/105/status/start").text();
  pve.pass(1h);
  BOOST_TEST(pve.exit_of(first) == "OK");
  BOOST_TEST(pve.exit_of(second) == "VM 105 already running");
}

BOOST_AUTO_TEST_CASE(a_guest_deaf_to_acpi_stops_only_by_force) {
  Driver pve;
  pve.make_guest(105);
  (void)pve.control(post, "/guests/105", R"({"status":"running","config":{"acpi":"0"}})");
  BOOST_TEST(pve.finish(pve.post("/nodes/pve1/qemu/105/status/shutdown", "timeout=60")) == "VM quit/powerdown failed - got timeout");
  BOOST_TEST(text_of(pve.status(105), "status") == "running");
  BOOST_TEST(pve.finish(pve.post("/nodes/pve1/qemu/105/status/shutdown", "timeout=60&forceStop=1")) == "OK");
  BOOST_TEST(text_of(pve.status(105), "status") == "stopped");
}

BOOST_AUTO_TEST_CASE(settings_change_when_the_task_ends_and_a_stale_digest_is_refused) {
  Driver pve;
  pve.make_guest(105);
  const auto digest = text_of(pve.config(105), "digest");
  BOOST_TEST(digest.size() == 40u);
  const auto upid = pve.post("/nodes/pve1/qemu/105/config", "cores=4&memory=4096&cipassword=pw&onboot=1&net0=virtio,bridge%3Dvmbr1&digest=" + digest);
  BOOST_TEST(int_of(pve.config(105), "cores") == 2);
  BOOST_TEST(pve.finish(upid) == "OK");
  const auto config = pve.config(105);
  BOOST_TEST(int_of(config, "cores") == 4);
  BOOST_TEST(int_of(config, "onboot") == 1);
  BOOST_TEST(text_of(config, "memory") == "4096");
  BOOST_TEST(text_of(config, "cipassword") == "**********");
  BOOST_TEST(text_of(config, "net0").starts_with("virtio=BC:24:11:"));
  BOOST_TEST(text_of(config, "net0").ends_with(",bridge=vmbr1"));
  for (const auto& stale :
       {pve.post("/nodes/pve1/qemu/105/config", "cores=8&digest=" + digest), pve.put("/nodes/pve1/qemu/105/config", "cores=8&digest=" + digest)}) {
    BOOST_TEST(stale.status == 500);
    BOOST_TEST(stale.reason == "detected modified configuration - file changed by other user? Try again.");
  }
  BOOST_TEST(pve.put("/nodes/pve1/qemu/105/config", "delete=onboot,description&tags=suspended").status == 200);
  BOOST_TEST(find_member(pve.config(105), "onboot") == nullptr);
  BOOST_TEST(text_of(pve.status(105), "tags") == "suspended");
  BOOST_TEST(pve.put("/nodes/pve1/qemu/105/config", "lock=backup").reason == "only root can set 'lock' config");
}

BOOST_AUTO_TEST_CASE(a_running_guest_takes_cores_at_its_next_start) {
  Driver pve;
  pve.make_guest(105);
  BOOST_TEST(pve.finish(pve.post("/nodes/pve1/qemu/105/status/start")) == "OK");
  BOOST_TEST(pve.put("/nodes/pve1/qemu/105/config", "cores=8").status == 200);
  BOOST_TEST(int_of(pve.config(105), "cores") == 8);
  BOOST_TEST(int_of(pve.get("/nodes/pve1/qemu/105/config?current=1").data(), "cores") == 2);
  BOOST_TEST(int_of(pve.status(105), "cpus") == 2);
  BOOST_TEST(pve.finish(pve.post("/nodes/pve1/qemu/105/status/reboot")) == "OK");
  BOOST_TEST(int_of(pve.status(105), "cpus") == 8);
}

BOOST_AUTO_TEST_CASE(a_synchronous_change_does_not_get_the_lock_of_a_running_task) {
  Driver pve;
  pve.make_guest(105);
  (void)pve.post("/nodes/pve1/qemu/105/status/start");
  BOOST_TEST(pve.put("/nodes/pve1/qemu/105/config", "cores=8").reason == "can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout");
}

BOOST_AUTO_TEST_CASE(disks_only_grow) {
  Driver pve;
  pve.make_guest(105);
  BOOST_TEST(pve.finish(pve.put("/nodes/pve1/qemu/105/resize", "disk=scsi0&size=%2B5G")) == "OK");
  BOOST_TEST(text_of(pve.config(105), "scsi0") == "local-lvm:vm-105-disk-0,size=15G");
  BOOST_TEST(pve.finish(pve.put("/nodes/pve1/qemu/105/resize", "disk=scsi0&size=20G")) == "OK");
  BOOST_TEST(int_of(pve.status(105), "maxdisk") == 20LL << 30);
  BOOST_TEST(pve.put("/nodes/pve1/qemu/105/resize", "disk=scsi0&size=5G").reason == "shrinking disks is not supported");
  BOOST_TEST(pve.put("/nodes/pve1/qemu/105/resize", "disk=scsi7&size=5G").reason == "disk 'scsi7' does not exist");
}

BOOST_AUTO_TEST_CASE(deletes_what_is_stopped_and_unprotected) {
  Driver pve;
  pve.make_guest(105);
  BOOST_TEST(pve.put("/nodes/pve1/qemu/105/config", "protection=1").status == 200);
  BOOST_TEST(pve.del("/nodes/pve1/qemu/105").reason == "can't remove VM 105 - protection mode enabled");
  BOOST_TEST(pve.put("/nodes/pve1/qemu/105/config", "protection=0").status == 200);
  const auto upid = pve.del("/nodes/pve1/qemu/105?purge=1&destroy-unreferenced-disks=1");
  BOOST_TEST(pve.get("/nodes/pve1/qemu/105/config").status == 200);
  BOOST_TEST(pve.finish(upid) == "OK");
  BOOST_TEST(pve.get("/nodes/pve1/qemu/105/config").reason == "Configuration file 'nodes/pve1/qemu-server/105.conf' does not exist");
}

BOOST_AUTO_TEST_CASE(lists_finished_tasks_by_guest_type_and_time) {
  Driver pve;
  pve.make_guest(105);
  const auto since = to_micros(pve.wall) / 1'000'000;
  (void)pve.clone(106);
  BOOST_TEST(pve.get("/nodes/pve1/tasks?vmid=9000&typefilter=qmclone").data().as_array().size() == 1u);
  BOOST_TEST(pve.get("/nodes/pve1/tasks?vmid=9000&typefilter=qmclone&source=all").data().as_array().size() == 2u);
  BOOST_TEST(pve.get(fmt::format("/nodes/pve1/tasks?source=active&since={}", since)).data().as_array().size() == 1u);
  BOOST_TEST(pve.get("/nodes/pve1/tasks?source=all&limit=1").data().as_array().size() == 1u);
  BOOST_TEST(pve.get("/nodes/pve1/tasks?source=all&typefilter=qmstart").data().as_array().empty());
  BOOST_TEST(pve.get("/nodes/pve2/tasks?source=all").data().as_array().empty());
}

BOOST_AUTO_TEST_CASE(an_aborted_clone_leaves_nothing) {
  Driver pve;
  const auto upid = pve.clone(105).text();
  BOOST_TEST(pve.del("/nodes/pve1/tasks/" + upid).status == 200);
  BOOST_TEST(pve.exit_of(upid) == "interrupted by signal");
  BOOST_TEST(pve.model.cluster().find_guest(105) == nullptr);
  const auto log = pve.get("/nodes/pve1/tasks/" + upid + "/log").data().as_array();
  BOOST_TEST(text_of(log.at(log.size() - 1), "t") == "TASK ERROR: interrupted by signal");
}

BOOST_AUTO_TEST_CASE(a_migrated_guest_is_found_on_its_new_node_only) {
  Driver pve;
  pve.make_guest(105);
  BOOST_TEST(pve.control(post, "/guests/105/migrate", R"({"node":"pve2"})").status == 200);
  BOOST_TEST(pve.post("/nodes/pve1/qemu/105/status/start").reason == "Configuration file 'nodes/pve1/qemu-server/105.conf' does not exist");
  BOOST_TEST(pve.post("/nodes/pve2/qemu/105/status/start").text().starts_with("UPID:pve2:"));
  const auto resources = pve.get("/cluster/resources?type=vm").data().as_array();
  BOOST_TEST(text_of(resources.at(0), "node") == "pve2");
  BOOST_TEST(pve.get("/nodes/pve2/qemu").data().as_array().size() == 1u);
  BOOST_TEST(pve.get("/nodes/pve9/qemu").reason.starts_with("hostname lookup 'pve9' failed"));
}

BOOST_AUTO_TEST_CASE(the_same_script_gives_the_same_answers) {
  const auto script = [] {
    Driver pve;
    std::string text = pve.clone(105).text();
    pve.pass(1h);
    return text + dump_json(pve.config(105)) + pve.post("/nodes/pve1/qemu/105/status/start").text();
  };
  BOOST_TEST(script() == script());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace stellwerk::sandbox::test
