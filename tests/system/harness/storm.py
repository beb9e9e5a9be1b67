"""A server at load: clients start workflows of five steps and give commands, as honest clients do; at the end everything is counted.

What is counted, and why nothing else explains the numbers: each step's effect appends its key to a file with one write, before the engine can know of
it. A key that is missing is a lost step. A step that the journal calls done twice is a duplicate record. A key that stands there twice is a repeated
effect: right only when the engine was killed between the two, and when the step's attempt was in hand in the database that it left behind.
"""

import collections
import json
import os
import random
import shutil
import sqlite3
import threading
import time
import uuid

from . import api
from .process import Unexpected, until

WORKFLOW = """language: 1
workflow: storm
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
  count:  { type: int, default: 0 }
events:
  add: { allow: [staff] }
defaults:
  call: { on_server: self.server }
initial: working
states:
  working:
    status: pending
    steps:
      - one:   { call: noop.step }
      - two:   { call: noop.step }
      - three: { call: noop.step }
      - four:  { call: noop.step }
      - five:  { call: noop.step }
    done:   { to: ready }
    failed: incident
  ready:
    status: active
    rest: true
    on:
      add: { set: { count: "${self.count + 1}" } }
"""
STEPS = ["one", "two", "three", "four", "five"]
PATIENCE = 150.0  # of a client: longer than any disturbance takes


class Client(threading.Thread):
    """Starts a workflow, waits for its end, adds to its count, and starts the next one. What it is told, it notes."""

    def __init__(self, storm, number):
        super().__init__(daemon=True)
        self._storm = storm
        self._lot = random.Random(f"{storm.seed}/{number}")
        self.services = {}  # id → how many additions were acknowledged
        self.repeated = 0  # requests that were sent again although they had been answered
        self.waits = 0  # for an answer that says try again
        self.trouble = None

    def run(self):
        try:
            while not self._storm.ending.is_set():
                self._one()
        except Exception as problem:  # told by Storm.finish()
            self.trouble = problem

    def _one(self):
        service = self._send("/api/admin/services?wait=PT5S", self._storm.order())["id"]
        self.services[service] = 0
        for _ in range(self._lot.randint(1, 2)):
            self._add(service)
            self.services[service] += 1

    def _add(self, service):
        """Refused while the steps are still at work; a refusal changes nothing, so the next try is another request."""
        end = time.monotonic() + PATIENCE
        while self._send(f"/api/admin/services/{service}/commands/add?wait=PT5S", {}, refusable=True) is None:
            if time.monotonic() > end:
                raise Unexpected(f"{service} comes to its state ready", f"not within {PATIENCE:g} s: {self._storm.it.service(service)}")
            self._storm.ending.wait(0.05)

    def _send(self, path, body, refusable=False):
        """The body of the answer once it is given; None when it is 409 and may be."""
        key = uuid.uuid4().hex
        answer = self._answered(path, body, key)
        if self._lot.random() < 0.05 and answer.status != 409:
            again = self._answered(path, body, key)
            self.repeated += 1
            if (again.status, again.body.get("id")) != (answer.status, answer.body.get("id")):
                raise Unexpected(f"the answer to {path} with the same key: {answer}", again)
        if answer.status == 409 and refusable:
            return None
        if answer.status not in (200, 201, 202):
            raise Unexpected(f"{path} is accepted", answer)
        return answer.body

    def _answered(self, path, body, key):
        end = time.monotonic() + PATIENCE
        headers = {"Authorization": "Bearer " + self._storm.token, "Idempotency-Key": key}
        while True:
            try:
                last = api.exchange(self._storm.it.server.port, "POST", path, body, headers, 40)
                if last.status not in (429, 503) and not (last.status == 409 and last.reason() == "in_progress"):
                    return last
                self.waits += 1
            except api.LOST as problem:
                last = f"{type(problem).__name__}: {problem}"
            if time.monotonic() > end:
                raise Unexpected(f"POST {path} is answered within {PATIENCE:g} s", last)
            time.sleep(self._lot.uniform(0.01, 0.05))  # as Retry-After would have it, and shorter: more load


class Storm:
    def __init__(self, bench, clients=16, prepare=lambda it: None):
        """`prepare`: changes the installation before its server starts for good."""
        self.it = it = bench.installation()
        self.seed = bench.seed
        self.keys_file = os.path.join(it.folder, "keys")
        self.kills = []  # (lines of the key file then, keys of the attempts then in hand)
        self.acknowledged = collections.Counter()  # by requests of the test itself: service → additions
        self.ending = threading.Event()
        library = os.path.join(it.folder, "library", "workflows")
        os.makedirs(library)
        with open(os.path.join(library, "storm.yaml"), "w", encoding="utf-8") as file:
            file.write(WORKFLOW)
        it.server.terminate()
        it.server.settings["library.dirs"] = os.path.dirname(library)
        it.server.settings["log.level"] = "warning"
        it.server.arguments = ["--noop-file", self.keys_file]
        prepare(it)
        it.server.start()
        self.machine = it.staff.expect(201, "POST", "/api/admin/servers", {"name": "noop", "connector": "noop", "pool": "storm", "capacity": 1_000_000, "settings": {}})["id"]
        self.customer = it.staff.items("/api/admin/customers")[0]["id"]
        self.token = it.staff.token()
        self.clients = [Client(self, number) for number in range(clients)]
        for client in self.clients:
            client.start()

    def order(self):
        """The body that starts a workflow."""
        return {"workflow": "storm", "customer": self.customer, "attributes": {"server": self.machine}}

    def lines(self):
        with open(self.keys_file, "rb") as file:
            return file.read().count(b"\n")

    def until_more(self, count, limit=90.0):
        """Until `count` more steps have had their effect."""
        goal = self.lines() + count

        def look():
            self.check_clients()
            return self.lines() >= goal

        until(f"{count} more steps are done", look, limit)

    def check_clients(self):
        for client in self.clients:
            if client.trouble is not None:
                raise client.trouble

    def note_kill(self):
        """After a kill of the server, before the next one starts: which attempts the database has in hand, where the key file stands."""
        self.kills.append((self.lines(), {key for (key,) in self.rows("select key from attempt")}))

    def rows(self, query):
        """Tuples of texts. The database is asked by itself; an embedded one as a copy, so that the next server finds what the last one left."""
        it = self.it
        if it.bench.postgres:
            width = query.split(" from ")[0].count(",")
            return [tuple(line.split("|", width)) for line in it.bench.postgres.sql(query, it.name).splitlines()]
        copy = os.path.join(it.folder, "copy")
        shutil.rmtree(copy, ignore_errors=True)
        os.makedirs(copy)
        for name in ("stellwerk.db", "stellwerk.db-wal"):
            if os.path.exists(os.path.join(it.folder, "data", name)):
                shutil.copyfile(os.path.join(it.folder, "data", name), os.path.join(copy, name))
        connection = sqlite3.connect(os.path.join(copy, "stellwerk.db"))
        try:
            return [tuple(map(str, row)) for row in connection.execute(query).fetchall()]
        finally:
            connection.close()
            shutil.rmtree(copy)

    def finish(self, incidents=0):
        """Lets every client bring to an end what it has begun, stops the server, counts. `incidents`: how many there were; all are closed.

        Returns a line that tells the numbers; Unexpected names what is lost, twice, stuck, or not as it was acknowledged.
        """
        self.ending.set()
        for client in self.clients:
            client.join(2 * PATIENCE)
            if client.is_alive():
                raise Unexpected("the clients end", "one still waits")
        self.check_clients()
        it = self.it
        until("nobody is stuck", lambda: not it.staff.get("/api/admin/stuck")["items"], 15)
        ready = api.exchange(it.server.port, "GET", "/readyz")
        if ready.status != 200:
            raise Unexpected("the server is ready at the end", ready)
        report = it.staff.get("/api/admin/doctor")
        if not report["healthy"]:
            raise Unexpected("the doctor finds nothing", json.dumps(report)[:3000])
        found = it.staff.items("/api/admin/incidents")
        if len(found) != incidents or any(incident["state"] != "closed" for incident in found):
            raise Unexpected(f"{incidents} incidents, all closed", f"{len(found)}, the first: {found[:1]}")
        status = it.server.terminate()
        if status != 0:
            raise Unexpected("the server ends with status 0 after SIGTERM", status)
        return self.count()

    def count(self):
        """While no server runs."""
        wrong = []
        acknowledged = collections.Counter()  # keeps those without an addition: a plain sum would not
        for told in (self.acknowledged, *(client.services for client in self.clients)):
            acknowledged.update(told)
        actors = {actor: (state, int(version), json.loads(attributes)) for actor, state, version, attributes
                  in self.rows("select id, state, version, attributes from actor where workflow = 'storm'")}
        wrong += [f"{actor} was acknowledged and is not there" for actor in acknowledged.keys() - actors.keys()]
        wrong += [f"{actor} is there and nobody was told of it" for actor in actors.keys() - acknowledged.keys()]
        wrong += [f"{actor} is in state {state}" for actor, (state, _, _) in actors.items() if state != "ready"]
        wrong += [f"{acknowledged[actor]} additions to {actor} were acknowledged and {attributes['count']} applied"
                  for actor, (_, _, attributes) in actors.items() if attributes["count"] != acknowledged[actor]]

        done, versions = collections.defaultdict(list), collections.defaultdict(list)
        for actor, version, entries in self.rows("select actor, version, entries from journal"):
            versions[actor].append(int(version))
            done[actor] += [fact["step"] for fact in json.loads(entries) if fact["type"] == "step_done"]
        wrong += [f"the journal of {actor} calls {done[actor]} done" for actor in actors if sorted(done[actor]) != sorted(STEPS)]
        wrong += [f"the journal of {actor} has the versions {sorted(versions[actor])}, the record {version}"
                  for actor, (_, version, _) in actors.items() if sorted(versions[actor]) != list(range(1, version + 1))]

        runs = collections.defaultdict(list)
        for run, actor in self.rows("select id, actor from run"):
            runs[actor].append(run)
        with open(self.keys_file, encoding="ascii") as file:
            keys = file.read().splitlines()
        places = collections.defaultdict(list)
        for line, key in enumerate(keys):
            places[key].append(line)
        of_run = collections.defaultdict(set)
        for key in places:
            of_run[key.split("/")[0]].add(key.split("/")[1])
        for actor in actors:
            found = [step for run in runs[actor] for step in of_run[run]]
            if sorted(found) != sorted(STEPS):
                wrong.append(f"the keys of {actor} are those of {found}")
        strangers = set(of_run) - {run for of_actor in runs.values() for run in of_actor}
        wrong += [f"{run} had an effect and is in no record" for run in strangers]

        repeats = [0] * len(self.kills)
        for key, lines in places.items():
            for first, second in zip(lines, lines[1:]):
                between = [number for number, (line, in_hand) in enumerate(self.kills) if first < line <= second and key in in_hand]
                if not between:
                    wrong.append(f"the effect of {key} was repeated, in lines {first} and {second}, and no kill between them left it in hand")
                else:
                    repeats[between[0]] += 1
        wrong += [f"{number} repeated effects after a kill, and {len(self.clients)} workflows at work" for number in repeats if number > len(self.clients)]
        if wrong:
            raise Unexpected("everything once", f"{len(wrong)} deviations, seed {self.seed}:\n" + "\n".join(wrong[:20]))
        return (f"{len(acknowledged)} workflows, {sum(acknowledged.values())} commands, {len(keys)} effects; lost 0, duplicate records 0, stuck 0; "
                f"repeated effects {sum(repeats)} (after each kill {repeats or 'none'}, attempts in hand then {[len(in_hand) for _, in_hand in self.kills] or 'none'}); "
                f"answers asked for twice {sum(client.repeated for client in self.clients)}, 429/503 {sum(client.waits for client in self.clients)}")
