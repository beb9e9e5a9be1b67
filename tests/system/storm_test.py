"""kill -9 at load, at moments drawn by lot: of the engine, of PostgreSQL, of both. Nothing is lost, nothing is twice, nobody is stuck.

In scripts/test a few rounds; `--rounds 40` is the long run. A failure prints the seed; `--seed` draws the same moments again, though not the same
interleaving.
"""

import random
import signal
import time

from harness import program, world
from harness.process import Unexpected, pause
from harness.storm import Storm
from doctor_test import sql
from takeover_test import FENCED, LEASE, serve_by, standby_of

ROUNDS = 6
POISONED = 5


def let_pass(seconds):
    """The moments are the subject here; nothing waits for a state by them."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pause(min(0.02, max(0.0, end - time.monotonic())))


def start_again(storm, lot):
    """One time in three the new server is killed as well, while it takes up what the last one left."""
    server = storm.it.server
    while lot.random() < 1 / 3:
        server.launch()
        let_pass(lot.uniform(0.0, 1.0))
        server.kill()
        storm.note_kill()
    server.start()


def counts_right_after_kills_at_any_moment(bench):
    lot = random.Random(bench.seed)
    targets = ["engine", "database", "both"] if bench.postgres else ["engine"]
    storm = Storm(bench)
    done = []
    for number in range(bench.rounds or ROUNDS):
        target = targets[number % len(targets)]
        storm.until_more(lot.randint(1, 400))
        let_pass(lot.uniform(0.0, 0.3))
        first_engine = lot.random() < 0.5
        if target == "both" and first_engine:
            storm.it.server.kill()
        if target != "engine":
            bench.postgres.kill()
        if target == "engine" or (target == "both" and not first_engine):
            let_pass(lot.uniform(0.0, 0.1) if target == "both" else 0)
            storm.it.server.kill()
        if target != "engine":
            bench.postgres.start()
        if target != "database":
            storm.note_kill()
            start_again(storm, lot)
        done.append(target)
    storm.until_more(100)
    world.same("exit status after SIGTERM at load", 0, storm.it.server.terminate())
    storm.note_kill()  # what was in hand may have had its effect as well
    storm.it.server.start()
    storm.until_more(100)
    print(f"        seed {bench.seed}, kills of {', '.join(f'{target} {done.count(target)}' for target in targets)}: {storm.finish()}")


def counts_right_after_takeovers(bench):
    """Two processes on one PostgreSQL: the one that serves is killed, or stopped for three leases and woken. An embedded database has no second."""
    if not bench.postgres:
        return
    lot = random.Random(bench.seed)

    def shorten_lease(it):
        it.server.settings["engine.lease"] = f"PT{LEASE:g}S"

    storm = Storm(bench, prepare=shorten_lease)
    it, started = storm.it, []
    rounds = max(2, (bench.rounds or ROUNDS) // 4)
    try:
        for number in range(rounds):
            first, second = it.server, standby_of(it)
            second.arguments = first.arguments
            started += [first, second]
            second.launch().until_standby()
            storm.until_more(lot.randint(1, 400))
            let_pass(lot.uniform(0.0, 0.3))
            stopped = time.monotonic()
            if number % 2 == 0:
                first.stop()
            else:
                first.kill()
            storm.note_kill()
            serve_by(it, second.until_listening())
            if number % 2 == 0:
                let_pass(3 * LEASE - (time.monotonic() - stopped))
                first.send(signal.SIGCONT)
                world.same("exit status of the one that woke", FENCED, first.wait(30))
        storm.until_more(100)
        print(f"        seed {bench.seed}, {(rounds + 1) // 2} stopped and woken, {rounds // 2} killed: {storm.finish()}")
    finally:
        for server in started:
            server.close()


def lets_nobody_else_notice_what_is_poisoned(bench):
    """Rows of actors and a revision that nobody can read: they wait for a person, and everybody else is served meanwhile."""
    storm = Storm(bench)
    it = storm.it
    storm.until_more(300)
    it.server.kill()
    storm.note_kill()
    victims = [service for client in storm.clients for service in list(client.services)[:-1]][:POISONED]
    world.same("services whose clients are done with them", POISONED, len(victims))
    names = ", ".join(f"'{victim}'" for victim in victims)
    sound = dict(storm.rows(f"select id, cursor from actor where id in ({names})"))
    sql(it, f"update actor set cursor = '[1]' where id in ({names})")
    sql(it, "update revision set content = 'no workflow:' || content where name = 'ticket'")
    it.server.start()
    for victim in victims:
        refused = it.staff.send("POST", f"/api/admin/services/{victim}/commands/add", {})
        world.same(f"a command to {victim}", (503, "quarantined"), (refused.status, refused.reason()))
    storm.until_more(300)
    world.same("the doctor finds nothing", False, it.staff.get("/api/admin/doctor")["healthy"])
    incidents = it.staff.items("/api/admin/incidents?state=open")
    world.same("quarantined", sorted(victims), sorted(incident["actor"] for incident in incidents))

    it.server.kill()
    storm.note_kill()
    for victim, cursor in sound.items():
        sql(it, f"update actor set cursor = '{cursor}' where id = '{victim}'")
    sql(it, "update revision set content = substr(content, length('no workflow:') + 1) where name = 'ticket'")
    it.server.start()
    for incident in incidents:
        it.remedy(incident, "retry")
        it.command(incident["actor"], "add")
        storm.acknowledged[incident["actor"]] += 1
    storm.until_more(100)
    print(f"        {POISONED} rows and a revision poisoned: {storm.finish(incidents=POISONED)}")


def the_count_tells_each_deviation(bench):
    """What the other cases rely on: a count that could not fail would prove nothing."""
    storm = Storm(bench)
    storm.until_more(100)
    storm.finish()
    with open(storm.keys_file, encoding="ascii") as file:
        keys = file.read()
    first, rest = keys.split("\n", 1)
    victim = next(iter(storm.clients[0].services))

    def told(what, words):
        try:
            storm.count()
        except Unexpected as problem:
            if words in str(problem):
                return
            raise
        raise Unexpected(f"the count tells {what}", "it found nothing")

    for what, text, words in (("a lost effect", rest, "the keys of"), ("a repeated effect", keys + first + "\n", "was repeated"),
                              ("an effect of nobody", keys + "run_x/one/1\n", "in no record")):
        with open(storm.keys_file, "w", encoding="ascii") as file:
            file.write(text)
        told(what, words)
    with open(storm.keys_file, "w", encoding="ascii") as file:
        file.write(keys)
    storm.count()
    storm.clients[0].services["svc_x"] = 0
    told("a workflow that was acknowledged and lost", "svc_x was acknowledged and is not there")
    additions = storm.clients[0].services.pop(victim)
    told("a workflow that nobody asked for", f"{victim} is there and nobody was told of it")
    del storm.clients[0].services["svc_x"]
    storm.clients[0].services[victim] = additions + 1
    told("a command that was acknowledged and not applied", f"{additions + 1} additions to {victim}")
    storm.clients[0].services[victim] = additions
    for statement, words in ((f"update journal set actor = 'svc_y' where actor = '{victim}' and version = 3", f"the journal of {victim} has the versions"),
                             (f"update actor set state = 'working' where id = '{victim}'", f"{victim} is in state working")):
        sql(storm.it, statement)
        told(statement, words)


if __name__ == "__main__":
    program.run([the_count_tells_each_deviation, counts_right_after_kills_at_any_moment, counts_right_after_takeovers, lets_nobody_else_notice_what_is_poisoned])
