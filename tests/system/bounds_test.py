"""Each bound by itself, as whoever sends commands meets it: what is refused and how, what goes on beside it, and that a refusal uses nothing up."""

import uuid

from harness import program, world
from harness.api import exchange
from harness.database import number, rows
from harness.ground import Ground, metric
from harness.process import Unexpected, until

MOST = 20
IN_FLIGHT = 8  # engine.in_flight_per_server as shipped: these do not wait any more
WAITING = 200


def ask_until_refused(ground, most):
    """Creates deliveries until one is refused; (how many, the answer, the body and key of that request)."""
    for count in range(most + 1):
        body, key = ground.body("delivery", {"server": ground.remote, "number": count}), uuid.uuid4().hex
        answer = exchange(ground.it.server.port, "POST", "/api/admin/services", body, {"Authorization": "Bearer " + ground.it.staff.token(), "Idempotency-Key": key})
        if answer.status != 201:
            return count, answer, (body, key)
    raise Unexpected(f"a refusal after at most {most} creations", "there was none")


def refuses(bench, setting, expected, others):
    """With `setting` at MOST: deliveries to a silent vendor are refused with `expected`, a status and a reason, and done when he answers.

    `others`: whether steps at another server still begin.
    """
    ground = Ground(bench, {setting: MOST})
    it = ground.it
    try:
        counter, idle = (ground.create("counter", {}) for _ in range(2))
        ground.vendor.swallow()
        taken, answer, (body, key) = ask_until_refused(ground, MOST + IN_FLIGHT)
        world.same("the refusal", expected, (answer.status, answer.reason()))
        if not (taken >= MOST and 1 <= int(answer.headers.get("retry-after", 0)) <= 30 and len(answer["detail"]) > 20):
            raise Unexpected(f"at least {MOST} taken, a Retry-After of 1 to 30 s, words that say what is busy", f"{taken} taken, {answer.headers}, {answer}")
        if metric(it, "stellwerk_admission_refused_total") < 1:
            raise Unexpected("the metric counts the refusal", exchange(it.server.port, "GET", "/metrics").text)
        world.same("deliveries, and none that was refused", taken, number(it, "select count(*) from actor where workflow = 'delivery'"))
        world.same("effects", [], ground.vendor.effects())
        it.command(counter, "add", {"number": 1})  # begins no work, so nothing stands in its way
        other = it.staff.send("POST", "/api/admin/services", ground.body("errand", {"server": ground.quick}), key="other", limit=1) if others else None
        if others:
            world.same("a step at another server", 201, other.status)
            until("it is done there", lambda: it.service(other["id"])["state"] == "ready")

        ground.vendor.answer()
        until("what was taken is done", lambda: number(it, "select count(*) from attempt") == 0)
        it.staff.expect(201, "POST", "/api/admin/services", body, key)
        until("what was refused before is done", lambda: number(it, "select count(*) from attempt") == 0)
        world.same("deliveries", [("ready", str(taken + 1))], rows(it, "select state, count(*) from actor where workflow = 'delivery' group by state"))
        world.same("runs with an effect", taken + 1, len({key.split("/")[0] for key in ground.vendor.effects()}))
        world.same("whom nobody asked", 1, it.service(idle)["version"])
        ground.check_well()
    finally:
        ground.close()


def refuses_per_server(bench):
    refuses(bench, "engine.queue_per_server", (503, "server_busy"), True)


def refuses_per_operation(bench):
    refuses(bench, "engine.queue_per_operation", (503, "step_busy"), True)


def refuses_per_tenant(bench):
    refuses(bench, "engine.queue_per_tenant", (429, "tenant_busy"), False)


def refuses_on_the_whole(bench):
    refuses(bench, "engine.queue", (503, "overloaded"), False)


def keeps_out_of_memory_who_waits_for_a_vendor(bench):
    """Also after a kill -9: the next start begins with all of them in hand."""

    def until_out_of_memory():
        until("their actors have left memory", lambda: metric(it, "stellwerk_actors_loaded") == 0)
        until("most of their attempts are parked", lambda: metric(it, "stellwerk_attempts_parked") > WAITING / 4)

    ground = Ground(bench, {"engine.passivate_after": "PT0.3S"})
    it = ground.it
    try:
        ground.vendor.swallow()
        ground.create_all("delivery", [{"server": ground.remote, "number": n} for n in range(WAITING)])
        world.same("attempts that wait", WAITING, number(it, "select count(*) from attempt"))
        until_out_of_memory()
        it.server.kill()
        it.server.start()
        until_out_of_memory()
        ground.vendor.answer()
        until("all are done", lambda: number(it, "select count(*) from attempt") == 0)
        world.same("deliveries", [("ready", str(WAITING))], rows(it, "select state, count(*) from actor where workflow = 'delivery' group by state"))
        world.same("runs with an effect", WAITING, len({key.split("/")[0] for key in ground.vendor.effects()}))
        world.same("attempts parked at the end", 0.0, metric(it, "stellwerk_attempts_parked"))
        ground.check_well()
    finally:
        ground.close()


if __name__ == "__main__":
    program.run([refuses_per_server, refuses_per_operation, refuses_per_tenant, refuses_on_the_whole, keeps_out_of_memory_who_waits_for_a_vendor])
