"""More commands than can be carried out: what is too much is refused and has not happened, what is acknowledged is done, memory stays bounded.

ctest sends 20,000 commands with bounds made smaller in the same proportion; `--rounds 50` sends 1,000,000 with the bounds as they are shipped.
"""

import copy
import json

from harness import memory, program, world
from harness.database import number, rows, script
from harness.ground import Ground
from harness.process import Unexpected, until
from harness.sender import Senders, key_of

WAVE = 20_000
WAVES = 50  # for which the bounds as shipped are meant
COUNTERS = 300
MOST_MEMORY = 1024 * memory.MIB
LONGEST_RETRY_AFTER = 30  # seconds, what the server may ask for


def bounds(waves):
    """Settings: as they are shipped for the whole flood, else smaller."""
    if waves >= WAVES:
        return {}
    share = {"engine.pending_commands": 10_000, "engine.queue_per_server": 20_000, "engine.queue_per_tenant": 50_000, "engine.queue_per_operation": 50_000,
             "engine.queue": 100_000, "engine.actors_in_memory": 20_000}
    return {name: value * waves // WAVES for name, value in share.items()}


def repeat_refused(ground, told, counters):
    """With the same key, a while later: a refusal has used nothing up. Adds to `told` what is acknowledged now."""
    for n in told.refused_with_key:
        path, body = (("/api/admin/services", ground.body("delivery", {"server": ground.remote, "number": n})) if n % 2 == 0
                      else (f"/api/admin/services/{counters[n // 2 % len(counters)]}/commands/add", {"number": n}))
        ground.it.staff.expect(201 if n % 2 == 0 else 202, "POST", path, body, key_of(n))
        if n % 2 == 0:
            told.created.append(n)
        else:
            added = told.added.setdefault(counters[n // 2 % len(counters)], [0, 0])
            added[0] += 1
            added[1] += n


def compare(ground, told):
    """What was acknowledged with what is in the database and at the vendor."""
    it, wrong = ground.it, []
    deliveries = {int(json.loads(attributes)["number"]): (actor, state)
                  for actor, state, attributes in rows(it, "select id, state, attributes from actor where workflow = 'delivery'")}
    acknowledged = set(told.created)
    wrong += [f"delivery {n} was acknowledged and is not there" for n in acknowledged - deliveries.keys()]
    wrong += [f"delivery {n} is there and was not acknowledged" for n in deliveries.keys() - acknowledged]
    wrong += [f"delivery {n} is in state {state}" for n, (_, state) in deliveries.items() if state != "ready"]
    world.same("deliveries, each number once", len(deliveries), number(it, "select count(*) from actor where workflow = 'delivery'"))
    runs = {run for (run,) in rows(it, "select r.id from run r join actor a on a.id = r.actor where a.workflow = 'delivery'")}
    keys = [key.split("/")[0] for key in ground.vendor.effects()]
    wrong += [f"{run} had no effect" for run in runs - set(keys)]
    wrong += [f"{run} had an effect and is in no record" for run in set(keys) - runs]
    done = rows(it, "select actor, count(*) from journal where entries like '%\"step_done\"%' group by actor" if not it.bench.postgres else
                "select actor, count(*) from journal where entries::text like '%\"step_done\"%' group by actor")
    world.same("steps that the journals call done, once each", {actor: "1" for actor, _ in deliveries.values()}, dict(done))
    for actor, version, attributes in rows(it, "select id, version, attributes from actor where workflow = 'counter'"):
        found = json.loads(attributes)
        expected = told.added.get(actor, [0, 0])
        if [found["count"], found["sum"]] != expected or int(version) != 1 + expected[0]:
            wrong.append(f"{expected} were added to {actor} as far as acknowledged, its record of version {version} says {found}")
    gaps = rows(it, "select actor from journal group by actor having count(*) <> max(version) or min(version) <> 1")
    wrong += [f"the journal of {actor} has gaps" for (actor,) in gaps]
    if wrong:
        raise Unexpected("everything acknowledged, and nothing else", f"{len(wrong)} deviations:\n" + "\n".join(wrong[:20]))
    return len(keys) - len(runs)


def send(ground, counters, count, limit):
    """`count` commands, half of them creations; what was told."""
    it = ground.it
    delivery = json.dumps(ground.body("delivery", {"server": ground.remote, "number": 0})).replace('"number": 0', '"number": %d')
    senders = Senders(it.folder, it.server.port, it.staff.token(), delivery, counters, count)

    def ended():
        senders.renew(it.staff.token())
        return senders.ended()

    try:
        until("everything is sent and answered", ended, limit)
        return senders.told()
    finally:
        senders.close()


def refuses_what_is_too_much_and_does_the_rest(bench):
    waves = bench.rounds or 1
    ground = Ground(bench, bounds(waves))
    it = ground.it
    watch = memory.Watch(it.server.pid())
    try:
        counters = ground.create_all("counter", [{}] * COUNTERS)
        ground.vendor.swallow()
        told = send(ground, counters, waves * WAVE, 120 + 60 * waves)
        flood_peak = watch.peak
        print(f"        {waves * WAVE} commands in {told.seconds:.0f} s: {told.answers}; Retry-After at most {told.longest_retry_after} s", flush=True)
        if told.odd:
            raise Unexpected("201, 202, or 429 and 503 with Retry-After", "\n".join(told.odd[:3]))
        if not told.count("503") + told.count("429"):
            raise Unexpected("what is too much is refused", told.answers)
        if told.longest_retry_after > LONGEST_RETRY_AFTER:
            raise Unexpected(f"a Retry-After of at most {LONGEST_RETRY_AFTER} s", told.longest_retry_after)
        waited = number(it, "select count(*) from attempt where executor = 'connector'")
        world.same("attempts that wait for the vendor", len(told.created), waited)
        world.same("effects of a vendor that has answered nothing", [], ground.vendor.effects())

        ground.vendor.answer()
        until("everything that waited is done", lambda: number(it, "select count(*) from attempt") == 0, 120 + 12 * waves)
        repeat_refused(ground, told, counters)
        until("what was refused first is done as well", lambda: number(it, "select count(*) from attempt") == 0)
        ground.check_well()
        peak, resident = watch.peak, memory.resident_peak(it.server.pid())
        watch.close()
        world.same("exit status after SIGTERM", 0, it.server.terminate())
        twice = compare(ground, told)
        print(f"        acknowledged {len(told.created)} creations, of which {waited} waited for a vendor that was silent, and {sum(count for count, _ in told.added.values())} commands; "
              f"missing 0, of the refused {told.count('503') + told.count('429')} happened 0, asked of the vendor once more than needed {twice}; "
              f"PSS at most {flood_peak // memory.MIB} MiB in the flood, {peak // memory.MIB} MiB until the end (resident at most {resident // memory.MIB} MiB)", flush=True)
        if resident >= MOST_MEMORY:
            raise Unexpected(f"less than {MOST_MEMORY // memory.MIB} MiB", f"{resident // memory.MIB} MiB")
    finally:
        watch.close()
        ground.close()


def the_comparison_tells_each_deviation(bench):
    """What the other case relies on: a comparison that could not fail would prove nothing."""
    ground = Ground(bench)
    it = ground.it
    try:
        counters = ground.create_all("counter", [{}] * 2)
        told = send(ground, counters, 40, 60)
        until("everything is done", lambda: number(it, "select count(*) from attempt") == 0)
        it.server.terminate()
        compare(ground, told)

        def deviates(words, change, *statements):
            for statement in statements:
                script(it, statement)
            other = copy.deepcopy(told)
            change(other)
            try:
                compare(ground, other)
            except Unexpected as problem:
                if words in str(problem):
                    return
                raise
            raise Unexpected(f"the comparison tells: {words}", "it found nothing")

        deviates("delivery 1001 was acknowledged and is not there", lambda other: other.created.append(1001))
        deviates("is there and was not acknowledged", lambda other: other.created.pop())
        deviates("were added to", lambda other: other.added[counters[0]].__setitem__(0, 0))
        deviates("were added to", lambda other: other.added[counters[0]].__setitem__(1, 7))
        run = rows(it, "select r.id from run r join actor a on a.id = r.actor where a.workflow = 'delivery'")[0][0]
        deviates("had an effect and is in no record", lambda _: None, f"update run set id = 'run_x' where id = '{run}';")
        script(it, f"update run set id = '{run}' where id = 'run_x';")
        deviates("is in state working", lambda _: None, "update actor set state = 'working' where workflow = 'delivery';")
        script(it, "update actor set state = 'ready' where workflow = 'delivery';")
        deviates("has gaps", lambda _: None, f"update journal set version = 1000 where actor = '{counters[0]}' and version = 2;")
    finally:
        ground.close()


if __name__ == "__main__":
    program.run([the_comparison_tells_each_deviation, refuses_what_is_too_much_and_does_the_rest])
