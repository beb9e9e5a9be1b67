"""The server ends under load, politely or not: what was acknowledged is there, and what is repeated happens once."""

import threading
import uuid

from harness import program, world
from harness.api import LOST, exchange
from harness.process import Unexpected, until

WRITERS = 8


class Load:
    """Threads that open tickets, each under a key of its own, until the server is gone."""

    def __init__(self, it):
        self._token = it.customer.token()
        self._port = it.server.port
        self._gone = threading.Event()
        self._lock = threading.Lock()
        self.acknowledged = {}  # key → (subject, id)
        self.unanswered = {}    # key → subject
        self.refused = []
        self._threads = [threading.Thread(target=self._write, args=(number,), daemon=True) for number in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def _write(self, number):
        count = 0
        while not self._gone.is_set():
            key = uuid.uuid4().hex
            count += 1
            subject = f"load {number}-{count}"
            try:
                answer = exchange(self._port, "POST", "/api/tickets", {"subject": subject, "body": "text"},
                                  {"Authorization": f"Bearer {self._token}", "Idempotency-Key": key}, 40)
            except LOST:
                with self._lock:
                    self.unanswered[key] = subject
                self._gone.set()
                return
            with self._lock:
                if answer.status == 201:
                    self.acknowledged[key] = (subject, answer["id"])
                elif answer.status == 503:  # it is ending, and says so
                    self.unanswered[key] = subject
                else:
                    self.refused.append(answer)

    def until_acknowledged(self, count):
        until(f"{count} tickets are acknowledged", lambda: len(self.acknowledged) >= count or self.refused)

    def end(self):
        self._gone.set()
        for thread in self._threads:
            thread.join(60)
            if thread.is_alive():
                raise Unexpected("every request comes to an end", "one hangs")


def check_after_restart(it, load):
    world.same("answers other than 201 and 503", [], load.refused)
    it.server.start()
    tickets = {row["subject"]: row["id"] for row in it.customer.items("/api/client/tickets")}
    missing = [subject for subject, ticket in load.acknowledged.values() if tickets.get(subject) != ticket]
    world.same("acknowledged tickets that are not there", [], missing)
    for key, subject in list(load.unanswered.items()) + [(key, subject) for key, (subject, _) in list(load.acknowledged.items())[-20:]]:
        ticket = it.customer.post("/api/tickets", {"subject": subject, "body": "text"}, 201, key)["id"]
        if key in load.acknowledged:
            world.same("the ticket of a repeated request", load.acknowledged[key][1], ticket)
    subjects = [row["subject"] for row in it.customer.items("/api/client/tickets")]
    world.same("tickets that are there twice", [], sorted({subject for subject in subjects if subjects.count(subject) > 1}))
    world.same("tickets in all", len(load.acknowledged) + len(load.unanswered), len(subjects))
    numbers = [row["number"] for row in it.staff.items("/api/admin/tickets")]
    world.same("numbers without a gap", len(numbers), len(set(numbers)))
    world.check_calm(it)


def ends_politely_under_load(bench):
    it = bench.installation()
    it.customer.get("/api/client/tickets")
    load = Load(it)
    load.until_acknowledged(100)
    status = it.server.terminate(20)
    load.end()
    world.same("exit status", 0, status)
    check_after_restart(it, load)


def loses_nothing_when_it_is_killed_under_load(bench):
    for _ in range(3):
        it = bench.installation()
        it.customer.get("/api/client/tickets")
        load = Load(it)
        load.until_acknowledged(60)
        it.server.kill()
        load.end()
        check_after_restart(it, load)


def ends_politely_in_the_middle_of_a_clone(bench):
    it = bench.installation()
    it.sandbox.control("POST", "durations", {"clone": "PT20M"})
    service = it.order()
    it.command(service, "paid")
    until("the sandbox clones", it.sandbox.running_tasks)
    world.same("exit status", 0, it.server.terminate(20))
    it.sandbox.control("POST", "durations", {"clone": "PT3S"})
    it.server.start()
    it.until(service, "active", step="PT1M")
    world.check_all(it, [service])


def ends_politely_twice_in_a_row_without_work(bench):
    it = bench.installation()
    world.same("exit status", 0, it.server.terminate(20))
    it.server.start()
    world.same("exit status", 0, it.server.terminate(20))


if __name__ == "__main__":
    program.run([ends_politely_under_load, loses_nothing_when_it_is_killed_under_load, ends_politely_in_the_middle_of_a_clone, ends_politely_twice_in_a_row_without_work])
