"""The provider refuses for good: the run is held, says why in the provider's words, and every remedy works."""

from harness import program, world
from harness.process import Unexpected

# name, operation of the sandbox, step that is held, rule, what the incident must quote
REFUSALS = [
    ("clone 400", "clone", "create", {"fault": "status", "status": 400, "reason": "Parameter verification failed.", "body": {"data": None, "errors": {"storage": "storage 'fast' does not exist"}}},
     ["Parameter verification failed.", "storage 'fast' does not exist"]),
    ("clone task", "clone", "create", {"fault": "task_error", "exitstatus": "clone failed: no space left on device"}, ["no space left on device"]),
    ("configure 400", "config", "create", {"fault": "status", "status": 400, "reason": "Parameter verification failed.", "body": {"data": None, "errors": {"cores": "value must have a maximum value of 1"}}},
     ["value must have a maximum value of 1"]),
    ("configure task", "config", "create", {"fault": "task_error", "exitstatus": "unable to apply the configuration"}, ["unable to apply the configuration"]),
    ("start 500", "start", "start", {"fault": "status", "status": 500, "reason": "no KVM support on this host"}, ["no KVM support on this host"]),
    ("start task", "start", "start", {"fault": "task_error", "exitstatus": "start failed: QEMU exited with code 1"}, ["QEMU exited with code 1"]),
]


def held(bench, refusal):
    """An installation whose service is held by this refusal: (installation, service, incident)."""
    name, operation, step, rule, quotes = refusal
    it = bench.installation()
    service = it.order()
    it.sandbox.fault(rule["fault"], operation, **{key: value for key, value in rule.items() if key != "fault"})
    it.command(service, "paid")
    incident = it.until_incident(service)
    world.same(f"kind, state and actor of the incident of {name}", ("held_run", "open", service), (incident["kind"], incident["state"], incident["actor"]))
    world.same(f"step of the incident of {name}", step, incident["step"])
    for quote in quotes:
        if quote not in incident["text"]:
            raise Unexpected(f"the incident of {name} quotes the provider: {quote}", incident["text"])
    world.same("state seen by the customer", "pending", it.customer.get(f"/api/client/services/{service}")["status"])
    return it, service, incident


def check_closed(it, incident, how):
    closed = it.staff.get(f"/api/admin/incidents/{incident['id']}")
    world.same("how the incident was closed, and why", ("closed", how, "a test"), (closed["state"], closed["closed_how"], closed["note"]))


def fail_undoes_everything_and_a_later_retry_provisions(bench):
    for refusal in REFUSALS:
        it, service, incident = held(bench, refusal)
        it.remedy(incident, "fail")
        it.until(service, "provision_failed")
        check_closed(it, incident, "fail")
        world.check_all(it, [], [service])
        it.sandbox.clear_faults()
        it.command(service, "retry")
        it.until(service, "active")
        world.check_all(it, [service])


def retry_goes_on_once_the_cause_is_gone(bench):
    for refusal in REFUSALS:
        it, service, incident = held(bench, refusal)
        it.remedy(incident, "retry")
        again = it.until_incident(service)
        world.same("another incident while the cause is still there", True, again["id"] != incident["id"])
        check_closed(it, incident, "retry")
        it.sandbox.clear_faults()
        it.remedy(again, "retry")
        it.until(service, "active")
        world.check_all(it, [service])
        world.same("notifications", ["service_ready"], it.notifications(service))


def a_skipped_start_leaves_a_machine_that_can_be_started(bench):
    it, service, incident = held(bench, REFUSALS[4])
    it.remedy(incident, "skip")
    it.until(service, "active")
    check_closed(it, incident, "skip")
    world.same("status of the machine", "stopped", world.check_machine(it, service, True)["status"])
    it.sandbox.clear_faults()
    it.command(service, "start", by=it.customer)
    it.until(service, "active")
    world.same("status of the machine", "running", world.check_machine(it, service, True)["status"])
    world.check_all(it, [service])


def done_takes_over_what_a_person_did(bench):
    it, service, incident = held(bench, REFUSALS[5])
    it.sandbox.control("POST", f"guests/{it.service(service)['attributes']['vmid']}", {"status": "running"})
    it.remedy(incident, "done")
    it.until(service, "active")
    check_closed(it, incident, "done")
    world.same("calls of start", 1, len(it.sandbox.calls("start")))
    world.check_all(it, [service])


def edit_sends_the_edited_input(bench):
    it, service, incident = held(bench, REFUSALS[0])
    wrong = it.remedy(incident, "edit", {"input": {"memory_mb": "much"}}, status=422)
    world.same("what is wrong with the edited input", ["/input/memory_mb"], wrong.pointers())
    wrong = it.remedy(incident, "edit", {"input": {"colour": "green"}}, status=422)
    world.same("what is wrong with the edited input", ["/input/colour"], wrong.pointers())
    world.same("state of the incident after that", "open", it.staff.get(f"/api/admin/incidents/{incident['id']}")["state"])
    it.sandbox.clear_faults()
    it.remedy(incident, "edit", {"input": {"memory_mb": 4096}})
    it.until(service, "active")
    check_closed(it, incident, "edit")
    world.same("memory of the machine", "4096", str(world.check_machine(it, service, True)["config"]["memory"]))
    world.check_all(it, [service])


def a_refused_access_holds_the_server_and_not_only_the_run(bench):
    refusal = ("clone 403", "clone", "create", {"fault": "status", "status": 403, "reason": "Permission check failed (/vms/10000, VM.Allocate)"}, ["VM.Allocate"])
    it, service, incident = held(bench, refusal)
    it.sandbox.clear_faults()
    it.remedy(incident, "retry")
    it.until(service, "active")
    for other in it.staff.items("/api/admin/incidents?state=open"):
        raise Unexpected("no open incident once the run went on", other)
    world.check_all(it, [service])


def a_remedy_without_a_note_or_right_is_refused(bench):
    it, service, incident = held(bench, REFUSALS[0])
    path = f"/api/admin/incidents/{incident['id']}"
    for body in ({}, {"note": ""}, {"note": None}, {"note": 7}, {"note": "x" * 3000}):
        world.same("what is missing", ["/note"], it.staff.expect(422, "POST", path + "/retry", body).pointers())
    it.staff.expect(422, "POST", path + "/edit", {"note": "a test", "input": 7})
    it.staff.expect(404, "POST", path + "/explode", {"note": "a test"})
    it.staff.expect(404, "POST", "/api/admin/incidents/inc_01m7ye7fbre009j5g54eznsa4r/retry", {"note": "a test"})
    it.customer.expect(403, "POST", path + "/retry", {"note": "a test"})
    world.same("why a command is refused meanwhile", "incident_open", it.command(service, "suspend", {"reason": "abuse"}, status=409).reason())
    world.same("state of the incident after all that", "open", it.staff.get(path)["state"])
    it.sandbox.clear_faults()
    it.remedy(incident, "retry")
    it.until(service, "active")
    it.remedy(incident, "retry", status=409)
    world.check_all(it, [service])


def a_cancellation_ends_a_held_run(bench):
    for refusal in (REFUSALS[0], REFUSALS[2], REFUSALS[5]):
        it, service, incident = held(bench, refusal)
        it.command(service, "cancel", by=it.customer)
        it.until(service, "cancelled")
        world.same("state of the incident", "closed", it.staff.get(f"/api/admin/incidents/{incident['id']}")["state"])
        world.check_all(it, [], [service])


if __name__ == "__main__":
    program.run([fail_undoes_everything_and_a_later_retry_provisions, retry_goes_on_once_the_cause_is_gone, a_skipped_start_leaves_a_machine_that_can_be_started,
                 done_takes_over_what_a_person_did, edit_sends_the_edited_input, a_refused_access_holds_the_server_and_not_only_the_run,
                 a_remedy_without_a_note_or_right_is_refused, a_cancellation_ends_a_held_run])
