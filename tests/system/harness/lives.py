"""The whole life of a service, for tests that disturb it. Whatever happens in between, these are its ends."""

from . import world

NOTIFICATIONS = ["service_ready", "service_suspended", "service_unsuspended", "service_terminated"]


def whole_life(it):
    """Order, payment, suspension and its end, termination: one machine from payment to termination, then nothing."""
    service = it.order()
    it.command(service, "paid")
    it.until(service, "active")
    world.same("status of the active machine", "running", world.check_machine(it, service, True)["status"])
    it.command(service, "suspend", {"reason": "abuse"})
    it.until(service, "suspended")
    world.same("status of the suspended machine", "stopped", world.check_machine(it, service, True)["status"])
    it.command(service, "unsuspend")
    it.until(service, "active")
    world.same("status of the machine after the suspension", "running", world.check_machine(it, service, True)["status"])
    it.command(service, "terminate", {"reason": "the end"})
    it.until(service, "terminated")
    it.until_order(service, "completed")
    check_end(it, service)
    return service


def check_end(it, service):
    world.check_all(it, [], [service])
    world.same("incidents that were ever opened", [], it.staff.items("/api/admin/incidents"))
    world.same("services of the customer", [service], [row["id"] for row in it.customer.items("/api/client/services?state=all")])
    world.same("notifications of the service", NOTIFICATIONS, it.notifications(service))
    world.same("notifications of the order", ["order_completed"], it.notifications(it.service(service)["order"]))
