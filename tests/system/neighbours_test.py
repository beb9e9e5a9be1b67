"""One poisoned workflow, one that never rests, one vendor that never answers, one tenant with a mountain of due timers: everybody else finishes meanwhile.

Meanwhile is meant as a state: when the others have finished, what would hold them up is still there. ctest has 30,000 due timers, `--rounds 4` has
120,000.
"""

import concurrent.futures
import json

from harness import memory, program, world
from harness.database import document, multiply, number, rows, script, settled, text
from harness.ground import DELIVERY, Ground
from harness.process import Unexpected, until

TIMERS = 30_000
DELIVERIES = 300
POISONED = 50
RESTLESS = 5
SLEEPERS = 20
ERRANDS = 24
OTHER_TENANT = "ten_00000000000000000000000000"
MOST_MEMORY = 1024 * memory.MIB

SLEEPER = """language: 1
workflow: sleeper
kind: service
initial: asleep
states:
  asleep:
    status: pending
    after: { P30D: { to: awake } }
  awake: { status: active, rest: true }
"""
RESTLESS_WORKFLOW = """language: 1
workflow: restless
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
events:
  go: { allow: [staff] }
defaults:
  call: { on_server: self.server }
initial: quiet
states:
  quiet:
    status: active
    rest: true
    on: { go: { to: there } }
  there:
    status: active
    steps: [ { look: { call: noop.step } } ]
    done:   { to: back }
    failed: incident
  back:
    status: active
    steps: [ { look: { call: noop.step } } ]
    done:   { to: there }
    failed: incident
"""
WORKFLOWS = {"sleeper": SLEEPER, "restless": RESTLESS_WORKFLOW, "poisoned": DELIVERY.replace("workflow: delivery", "workflow: poisoned")}


def make_due(it, sleepers, count):
    """While no server runs: `count` sleepers of another tenant whose time has come, and those of our own, whose time came after all of these."""
    born, due = (int(cell) for cell in rows(it, f"select a.created_at, t.due from actor a join timer t on t.actor = a.id where a.id = '{sleepers[0]}'")[0])
    where = f"{{}} = '{sleepers[0]}'"
    past = f"({born} - 10000000 + n)"
    new_id, tenant = f"substr({{}}, 1, 20) || cast(1000000000 + n as text)", f"'{OTHER_TENANT}'"
    statements = [
        multiply(it, "actor", where.format("actor.id"), 1, count,
                 {"id": new_id.format("actor.id"), "tenant": tenant, "cursor": document(it, f"replace({text(it, 'actor.cursor')}, '{due}', cast({past} as text))")}),
        multiply(it, "timer", where.format("timer.actor"), 1, count, {"actor": new_id.format("timer.actor"), "tenant": tenant, "due": past}),
        multiply(it, "journal", where.format("journal.actor"), 1, count, {"actor": new_id.format("journal.actor"), "tenant": tenant}),
        multiply(it, "service", where.format("service.id"), 1, count, {"id": new_id.format("service.id"), "tenant": tenant}),
    ]
    cursor = text(it, "cursor")
    for sleeper in sleepers:
        own = rows(it, f"select due from timer where actor = '{sleeper}'")[0][0]
        moved = document(it, f"replace({cursor}, '{own}', '{born}')")
        statements.append(f"update timer set due = {born} where actor = '{sleeper}'; update actor set cursor = {moved} where id = '{sleeper}';")
    script(it, "".join(statements))
    settled(it)


def poison(it):
    script(it, "update revision set content = 'no workflow:' || content where name = 'poisoned';")


def heal(it):
    script(it, "update revision set content = substr(content, length('no workflow:') + 1) where name = 'poisoned';")


def state_counts(it, workflow):
    return {state: int(count) for state, count in rows(it, f"select state, count(*) from actor where workflow = '{workflow}' and tenant <> '{OTHER_TENANT}' group by state")}


def run_errands(ground, count):
    """Each from its birth to its end and one command more, all at once; the ids."""

    def one(_):
        service = ground.create("errand", {"server": ground.quick})
        until(f"{service} has done its errand", lambda: ground.it.service(service)["state"] == "ready", 90)
        ground.it.command(service, "add")
        return service

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def everybody_else_finishes_meanwhile(bench):
    timers = TIMERS * (bench.rounds or 1)
    ground = Ground(bench, workflows=WORKFLOWS)
    it, watch = ground.it, None
    try:
        ground.vendor.swallow()
        poisoned = ground.create_all("poisoned", [{"server": ground.remote, "number": n} for n in range(POISONED)])
        sleepers = ground.create_all("sleeper", [{}] * SLEEPERS)
        restless = ground.create_all("restless", [{"server": ground.quick}] * RESTLESS)
        ground.create_all("delivery", [{"server": ground.remote, "number": n} for n in range(DELIVERIES)])
        world.same("exit status after SIGTERM", 0, it.server.terminate())
        make_due(it, sleepers, timers)
        poison(it)

        it.server.start()
        watch = memory.Watch(it.server.pid())
        for service in restless:
            it.command(service, "go")
        errands = run_errands(ground, ERRANDS)
        until("the timers of everybody else have fired", lambda: state_counts(it, "sleeper") == {"awake": SLEEPERS}, 120)
        waiting = number(it, f"select count(*) from timer where tenant = '{OTHER_TENANT}'")
        if waiting == 0:
            raise Unexpected("the others have finished while timers of the other tenant still wait", "none waits")
        world.same("deliveries that wait for their vendor", {"working": DELIVERIES}, state_counts(it, "delivery"))
        print(f"        {ERRANDS} errands and {SLEEPERS} later timers were done while {waiting} of {timers} due timers of the other tenant, "
              f"{DELIVERIES} deliveries and {POISONED} poisoned actors waited", flush=True)

        until("the other tenant's timers have fired as well", lambda: number(it, f"select count(*) from timer where tenant = '{OTHER_TENANT}'") == 0, 60 + timers / 200)
        world.same("the other tenant's actors", [("awake", str(timers))], rows(it, f"select state, count(*) from actor where tenant = '{OTHER_TENANT}' group by state"))
        world.same("decisions for each of them", [(str(2 * timers),)], rows(it, f"select count(*) from journal where tenant = '{OTHER_TENANT}'"))
        until("who never rests is held", lambda: number(it, "select count(*) from incident where state = 'open' and kind <> 'quarantined'") == RESTLESS)
        ground.vendor.answer()
        until("the deliveries are done", lambda: state_counts(it, "delivery") == {"ready": DELIVERIES})
        world.same("poisoned actors, untouched", {"working": POISONED}, state_counts(it, "poisoned"))
        incidents = [incident for incident in it.staff.items("/api/admin/incidents?state=open") if incident["kind"] == "quarantined"]
        world.same("who is quarantined", sorted(poisoned), sorted(incident["actor"] for incident in incidents))

        it.server.terminate()
        heal(it)
        it.server.start()
        for incident in incidents:
            it.remedy(incident, "retry")
        until("those that were poisoned go on", lambda: state_counts(it, "poisoned") == {"ready": POISONED})
        ground.check_well(incidents=RESTLESS)
        world.same("errands and their commands", [1] * ERRANDS, [json.loads(attributes)["count"] for (attributes,) in rows(it, "select attributes from actor where workflow = 'errand'")])
        world.same("errands", ERRANDS, len(errands))
        runs = number(it, "select count(*) from run r join actor a on a.id = r.actor where a.workflow in ('delivery', 'poisoned')")
        world.same("effects at the vendor, one for each run", (DELIVERIES + POISONED, runs), (len({key.split("/")[0] for key in ground.vendor.effects()}), DELIVERIES + POISONED))
        resident = memory.resident_peak(it.server.pid())
        print(f"        all {timers} timers fired once; PSS at most {watch.peak // memory.MIB} MiB", flush=True)
        if max(resident, watch.peak) >= MOST_MEMORY:
            raise Unexpected(f"less than {MOST_MEMORY // memory.MIB} MiB", f"{resident // memory.MIB} MiB")
    finally:
        if watch is not None:
            watch.close()
        ground.close()


if __name__ == "__main__":
    program.run([everybody_else_finishes_meanwhile])
