"""The provider is away for half an hour: nobody has to do anything."""

import datetime

from harness import program, world
from harness.process import until


def clock(it):
    return datetime.datetime.fromisoformat(it.staff.get("/api/sandbox/clock")["now"].replace("Z", "+00:00"))


def check_active_after(it, service, began):
    it.until(service, "active", step="PT1M")
    took = clock(it) - began
    world.same("the outage lasted for 30 minutes", True, took >= datetime.timedelta(minutes=30))
    world.same("it was noticed within the hour that it is over", True, took <= datetime.timedelta(hours=1))
    world.check_all(it, [service])
    world.same("incidents that were ever opened", [], it.staff.items("/api/admin/incidents"))


def provisions_after_an_outage_that_began_before(bench):
    it = bench.installation()
    service = it.order()
    began = clock(it)
    it.sandbox.fault("down", **{"for": "PT30M"})
    it.command(service, "paid")
    check_active_after(it, service, began)


def provisions_after_an_outage_in_the_middle_of_the_clone(bench):
    it = bench.installation()
    service = it.order()
    it.command(service, "paid")
    until("the sandbox clones", it.sandbox.running_tasks)
    began = clock(it)
    it.sandbox.fault("down", **{"for": "PT30M"})
    check_active_after(it, service, began)


def provisions_after_an_outage_behind_a_proxy_that_answers_503(bench):
    it = bench.installation()
    service = it.order()
    began = clock(it)
    it.sandbox.fault("down", status=503, reason="Service Unavailable", **{"for": "PT30M"})
    it.command(service, "paid")
    check_active_after(it, service, began)


def goes_on_after_an_outage_that_begins_at_any_call(bench):
    for passed in range(0, 24, 3):
        it = bench.installation()
        service = it.order()
        began = clock(it)
        it.sandbox.fault("down", after=passed, **{"for": "PT40M"})
        it.command(service, "paid")
        it.until(service, "active", step="PT1M")
        world.same("the outage is over within the hour and a half", True, clock(it) - began <= datetime.timedelta(minutes=90))
        world.check_all(it, [service])
        world.same("incidents that were ever opened", [], it.staff.items("/api/admin/incidents"))


if __name__ == "__main__":
    program.run([provisions_after_an_outage_that_began_before, provisions_after_an_outage_in_the_middle_of_the_clone,
                 provisions_after_an_outage_behind_a_proxy_that_answers_503, goes_on_after_an_outage_that_begins_at_any_call])
