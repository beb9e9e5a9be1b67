"""A service from the order to its end, and what the sandbox holds meanwhile."""

from harness import program, world


def holds_exactly_one_machine_while_active_and_none_at_the_end(bench):
    it = bench.installation()
    service = it.order()
    world.same("state after the order", "ordered", it.service(service)["state"])
    world.check_all(it, [], [service])

    it.command(service, "paid")
    it.until(service, "active")
    machine = world.check_machine(it, service, True)
    world.same("status of the machine", "running", machine["status"])
    world.same("name of the machine", "v1.example.com", machine["name"])
    world.same("cores and memory", ("2", "2048"), tuple(str(machine["config"].get(name)) for name in ("cores", "memory")))
    it.until_order(service, "completed")
    world.check_all(it, [service])

    it.command(service, "suspend", {"reason": "abuse", "note": "spam"})
    it.until(service, "suspended")
    world.same("status of the suspended machine", "stopped", world.check_machine(it, service, True)["status"])
    refused = it.command(service, "start", status=409, by=it.customer)
    world.same("why a customer cannot start what is suspended", "not_allowed_now", refused.reason())
    world.same("status after the refused start", "stopped", world.check_machine(it, service, True)["status"])
    world.check_all(it, [service])

    it.command(service, "unsuspend")
    it.until(service, "active")
    world.same("status of the machine again", "running", world.check_machine(it, service, True)["status"])
    it.command(service, "terminate", {"reason": "end of the contract"})
    it.until(service, "terminated")
    world.check_all(it, [], [service])
    world.same("notifications of the service", ["service_ready", "service_suspended", "service_unsuspended", "service_terminated"],
               it.notifications(service))


def cancels_what_is_not_paid_for_a_week(bench):
    it = bench.installation()
    service = it.order()
    it.staff.advance("P6D")
    world.same("state after six days", "ordered", it.service(service)["state"])
    it.staff.advance("P1D")
    it.until(service, "cancelled", step="PT1S")
    it.until_order(service, "cancelled")
    world.check_all(it, [], [service])


if __name__ == "__main__":
    program.run([holds_exactly_one_machine_while_active_and_none_at_the_end, cancels_what_is_not_paid_for_a_week])
