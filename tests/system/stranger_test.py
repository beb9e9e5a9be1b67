"""A number of our range turns out to belong to somebody else: the next one is used, and nobody touches the stranger."""

from harness import program, world
from harness.installation import FIRST


def check_moved_on(it, service, stranger, before):
    it.until(service, "active")
    world.same("number of our machine", FIRST + 1, it.service(service)["attributes"]["vmid"])
    world.same("the stranger's machine", before, it.sandbox.guests()[stranger])
    world.check_all(it, [service], strangers=[stranger], blocked=[stranger])
    world.same("incidents that were ever opened", [], it.staff.items("/api/admin/incidents"))


def uses_the_next_number_when_one_is_taken_from_the_start(bench):
    it = bench.installation()
    before = it.sandbox.put_stranger(FIRST, description="somebody's database")
    service = it.order()
    it.command(service, "paid")
    check_moved_on(it, service, FIRST, before)

    again = it.order("v2.example.com")
    it.command(again, "paid")
    it.until(again, "active")
    world.same("number of the next machine", FIRST + 2, it.service(again)["attributes"]["vmid"])
    for each in (service, again):
        it.command(each, "terminate", {"reason": "the end"})
        it.until(each, "terminated")
    world.same("the stranger's machine at the end", before, it.sandbox.guests()[FIRST])
    world.check_all(it, [], [service, again], strangers=[FIRST], blocked=[FIRST])


def uses_the_next_number_when_one_is_taken_just_before_the_clone(bench):
    it = bench.installation()
    it.sandbox.fault("stranger_takes", "clone", times=1)
    service = it.order()
    it.command(service, "paid")
    stranger = it.follow("a stranger has the first number", service, lambda now: it.sandbox.guests().get(FIRST))
    check_moved_on(it, service, FIRST, stranger)


def leaves_a_stranger_alone_that_took_the_number_of_a_vanished_machine(bench):
    """Somebody deleted our machine and made another of that number: terminating must not destroy it."""
    it = bench.installation()
    service = it.order()
    it.command(service, "paid")
    it.until(service, "active")
    number = it.service(service)["attributes"]["vmid"]
    it.sandbox.remove(number)
    before = it.sandbox.put_stranger(number, description="not yours")
    it.sandbox.forget_calls()
    it.command(service, "terminate", {"reason": "the end"})
    ended = it.follow("terminated, or held for a person", service, lambda now: now if now["state"] == "terminated" or (now["run"] and now["run"]["incident"]) else None)
    world.same("calls that would touch it", [], it.sandbox.calls("delete") + it.sandbox.calls("stop") + it.sandbox.calls("config"))
    world.same("the stranger's machine", before, it.sandbox.guests()[number])
    if ended["run"]:
        incident = it.staff.get("/api/admin/incidents/" + ended["run"]["incident"])
        world.same("remedies for a step that proves the end", ["retry", "edit", "done"], incident["remedies"])
        it.remedy(incident, "skip", status=409)
        it.remedy(incident, "done")
        it.until(service, "terminated")
    world.same("the stranger's machine at the end", before, it.sandbox.guests()[number])
    world.check_calm(it)


def gives_up_on_the_sixth_stranger_and_leaves_all_alone(bench):
    it = bench.installation()
    before = {number: it.sandbox.put_stranger(number) for number in range(FIRST, FIRST + 6)}
    service = it.order()
    it.command(service, "paid")
    incident = it.until_incident(service)
    world.same("step of the incident", "create", incident["step"])
    world.same("the strangers' machines", before, it.sandbox.guests())
    for number in before:
        it.sandbox.remove(number)
    it.remedy(incident, "fail")
    it.until(service, "provision_failed")
    world.check_machine(it, service, False)
    world.check_calm(it)


if __name__ == "__main__":
    program.run([uses_the_next_number_when_one_is_taken_from_the_start, uses_the_next_number_when_one_is_taken_just_before_the_clone,
                 leaves_a_stranger_alone_that_took_the_number_of_a_vanished_machine, gives_up_on_the_sixth_stranger_and_leaves_all_alone])
