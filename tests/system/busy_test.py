"""Commands while a service is at work: refused, kept for later, or an interruption that leaves nothing."""

from harness import program, world
from harness.process import until


def cloning(it):
    """A service whose clone runs; the sandbox's time moves on only when the clock is advanced far enough."""
    it.sandbox.control("POST", "durations", {"clone": "PT20M"})
    service = it.order()
    it.command(service, "paid")
    until("the sandbox clones", it.sandbox.running_tasks)
    until("the task's handle is recorded", lambda: it.service(service)["version"] >= 6)
    return service


def usual_durations(it):
    it.sandbox.control("POST", "durations", {"clone": "PT3S"})


def refuses_commands_while_provisioning(bench):
    it = bench.installation()
    service = cloning(it)
    usual_durations(it)
    for name, body in (("paid", {}), ("start", {}), ("stop", {}), ("suspend", {"reason": "abuse"}), ("unsuspend", {}), ("terminate", {"reason": "x"}), ("retry", {})):
        world.same(f"why {name} is refused", "busy", it.command(service, name, body, status=409).reason())
    world.same("state after that", "provisioning", it.service(service)["state"])
    it.until(service, "active", step="PT1M")
    world.check_all(it, [service])


def keeps_a_reboot_for_later(bench):
    it = bench.installation()
    service = cloning(it)
    usual_durations(it)
    world.same("a reboot while provisioning is deferred", True, it.command(service, "reboot", by=it.customer)["deferred"])
    world.same("why a second one is refused", "duplicate_command", it.command(service, "reboot", status=409, by=it.customer).reason())
    it.follow("the reboot is carried out after the provisioning", service,
              lambda now: now["state"] == "active" and not now["run"] and len(it.sandbox.calls("reboot")) == 1, step="PT1M")
    states = [fact["to"] for fact in world.check_journal(it, "services", service) if fact["type"] == "state"]
    world.same("states in their order", ["ordered", "provisioning", "active"], states)  # a reboot works in place
    world.check_all(it, [service])


def refuses_a_kept_reboot_that_is_not_possible_any_more(bench):
    it = bench.installation()
    service = it.order()
    it.command(service, "paid")
    it.until(service, "active")
    it.sandbox.control("POST", "durations", {"stop": "PT20M"})
    it.command(service, "suspend", {"reason": "abuse"})
    world.same("a reboot while suspending is deferred", True, it.command(service, "reboot", by=it.customer)["deferred"])
    it.until(service, "suspended", step="PT1M")
    facts = until("the kept reboot is refused", lambda: [fact for fact in world.check_journal(it, "services", service) if fact["type"] == "event_refused"])
    world.same("event that was refused", ["reboot"], [fact["event"] for fact in facts])
    world.same("calls of reboot", [], it.sandbox.calls("reboot"))
    world.same("status of the machine", "stopped", world.check_machine(it, service, True)["status"])
    world.check_all(it, [service])


def a_cancellation_in_the_middle_of_the_clone_leaves_nothing(bench):
    it = bench.installation()
    service = cloning(it)
    usual_durations(it)
    it.command(service, "cancel", by=it.customer)
    world.same("why a second cancellation is refused", 409, it.customer.send("POST", f"/api/client/services/{service}/commands/cancel", {}).status)
    it.until(service, "cancelled", step="PT1M")
    it.until_order(service, "cancelled")
    world.check_all(it, [], [service])
    attributes = it.service(service)["attributes"]
    world.same("number, address and server of what was cancelled", [None, None, None], [attributes.get(name) for name in ("vmid", "ip", "server")])
    world.same("incidents that were ever opened", [], it.staff.items("/api/admin/incidents"))
    world.same("notifications of the service", [], it.notifications(service))


def a_cancellation_survives_a_crash_at_every_commit(bench):
    for number in range(1, 60):
        it = bench.installation(crash_at=f"commit:{number}")
        service = it.order()
        it.sandbox.control("POST", "durations", {"clone": "PT20M"})
        it.command(service, "paid")
        until("the sandbox clones, or the server ended", lambda: it.sandbox.running_tasks() or not it.server.is_running())
        it.command(service, "cancel", by=it.customer)
        usual_durations(it)
        it.until(service, "cancelled", step="PT1M")
        it.until_order(service, "cancelled")
        world.check_all(it, [], [service])
        if it.crashes == 0:
            world.same("crashes at ten commits at least (the binary needs STELLWERK_FAULT_POINTS)", True, number > 10)
            print(f"        {number - 1} commits")
            return
    world.same("fewer than 60 commits", True, False)


if __name__ == "__main__":
    program.run([refuses_commands_while_provisioning, keeps_a_reboot_for_later, refuses_a_kept_reboot_that_is_not_possible_any_more,
                 a_cancellation_in_the_middle_of_the_clone_leaves_nothing, a_cancellation_survives_a_crash_at_every_commit])
