"""An actor with a long history: three years of entries written behind the server's back, as the server itself would have written them.

Each entry is a command that raised the actor's count, so the count is the number of entries less one; one of them, in the middle, carries what is
personal. A second actor has a short history, for comparison.
"""

import datetime
import json
import time

from . import api
from .database import document, multiply, rows, script, settled, text
from .ground import Ground, metric
from .process import Unexpected, until

CHRONICLE = """language: 1
workflow: chronicle
kind: service
attributes:
  count:  { type: int, default: 0 }
  holder: { type: string, max: 200, personal: true }
events:
  add: { allow: [staff], with: { note: { type: string, max: 100 } } }
  own: { allow: [staff], with: { holder: { type: string, max: 200, required: true } } }
  end: { allow: [staff] }
initial: kept
states:
  kept:
    status: active
    rest: true
    on:
      add: { set: { count: "${self.count + 1}" } }
      own: { set: { holder: "${event.holder}", count: "${self.count + 1}" } }
      end: { to: ended }
  ended: { status: terminated, final: true }
"""
HOLDER = "Grace Hopper, 1 Compiler Lane"
DAY = 86_400 * 1_000_000
SPAN = 3 * 365 * DAY
PAGE = 500


def at(micros):
    return datetime.datetime.fromtimestamp(micros / 1_000_000, datetime.timezone.utc)


class Chronicle:
    def __init__(self, bench, entries):
        """`entries`: so many are in the journal of `self.actor` at the start."""
        self.entries = entries
        self.ground = Ground(bench, workflows={"chronicle": CHRONICLE})
        self.it = it = self.ground.it
        try:
            self.actor, self.short = (self.ground.create("chronicle", {}) for _ in range(2))
            it.command(self.actor, "add", {"note": "reckoned and entered"})
            it.command(self.actor, "own", {"holder": HOLDER})
            if it.server.terminate() != 0:
                raise Unexpected("exit status 0 after SIGTERM", it.server.exit_status())
            it.admin = api.Client(it.server, api.Login("/api/admin/login", "admin@example.com", it.server.make_account("admin@example.com", "admin")), it.revive)
            self._grow()
            it.server.start()
        except BaseException:
            self.ground.close()
            raise

    def close(self):
        self.ground.close()

    def _grow(self):
        it, actor, last = self.it, self.actor, self.entries
        now = int(rows(it, f"select updated_at from actor where id = '{actor}'")[0][0])
        begin, step = now - SPAN, SPAN // last
        self.personal = last // 2
        statements = "" if not it.bench.postgres else self._months(begin, now)
        # the second entry once more for each number up to the last but that of the third, which goes into the middle
        statements += f"update journal set version = {last} + version where actor = '{actor}' and version > 1;"
        for first, until_ in ((2, self.personal - 1), (self.personal + 1, last)):
            statements += multiply(it, "journal", f"journal.actor = '{actor}' and journal.version = {last + 2}", first, until_,
                                   {"version": "n", "at": f"{begin} + n * {step}"})
        statements += f"update journal set version = {self.personal}, at = {begin + self.personal * step} where actor = '{actor}' and version = {last + 3};"
        statements += f"delete from journal where actor = '{actor}' and version = {last + 2};"
        statements += f"update journal set at = {begin} where actor = '{actor}' and version = 1;"
        count = document(it, f"replace({text(it, 'attributes')}, '\"count\":2', '\"count\":{last - 1}')")
        statements += f"update actor set version = {last}, created_at = {begin}, attributes = {count} where id = '{actor}';"
        script(it, statements)
        settled(it)

    @staticmethod
    def _months(begin, now):
        """Statements: the tables that the server would have made for the months that are over, this month's is there."""
        month, made = at(begin).date().replace(day=1), ""
        this = at(now).date().replace(day=1)
        while month < this:
            next_ = (month + datetime.timedelta(days=32)).replace(day=1)
            bounds = [int(datetime.datetime(day.year, day.month, 1, tzinfo=datetime.timezone.utc).timestamp()) * 1_000_000 for day in (month, next_)]
            made += f"create table if not exists journal_{month:%Y_%m} partition of journal for values from ({bounds[0]}) to ({bounds[1]});"
            month = next_
        return made

    def page(self, after, actor=None):
        """(entries, seconds)."""
        began = time.monotonic()
        found = self.it.staff.get(f"/api/admin/services/{actor or self.actor}/journal?limit={PAGE}&after={after}")
        return found, time.monotonic() - began

    def read_all(self):
        """Every page from first to last: [seconds], [the entries of the page in the middle]. Unexpected for a gap."""
        durations, after, expected, before, middle = [], 0, 1, "", []
        while True:
            found, seconds = self.page(after)
            durations.append(seconds)
            for entry in found["items"]:
                if entry["version"] != expected or entry["at"] < before:
                    raise Unexpected(f"entry {expected}, not before {before}", json.dumps(entry)[:500])
                expected, before = expected + 1, entry["at"]
            if not middle and expected > self.personal:
                middle = found["items"]
            if not found["next"]:
                self.read = expected - 1
                return durations, middle
            after = found["next"]

    def add(self, actor, count):
        """Commands one after the other; seconds of each."""
        durations = []
        for number in range(count):
            began = time.monotonic()
            self.it.command(actor, "add", {"note": f"by hand, {number}"})
            durations.append(time.monotonic() - began)
        return durations

    def end(self, *more):
        for actor in (self.actor, self.short, *more):
            self.it.command(actor, "end")

    def erase(self):
        """Seconds until everything that is personal to the customer can be read no more."""
        began = time.monotonic()
        self.it.admin.expect(200, "POST", f"/api/admin/customers/{self.ground.customer}/erase", {"note": "asked in writing"})
        return time.monotonic() - began

    def deleted(self):
        """Rows of journals that retention has deleted since the start of the server, whole months counted as one."""
        return sum(metric(self.it, f'stellwerk_retention_deleted_total{{table="{table}"}}') for table in ("journal", "month"))

    def trim(self):
        """Makes both ended actors old enough while no server runs, starts it and waits for retention; seconds from its first deletion to the end of the round."""
        it = self.it
        if it.server.terminate() != 0:
            raise Unexpected("exit status 0 after SIGTERM", it.server.exit_status())
        script(it, f"update actor set updated_at = updated_at - {SPAN + 30 * DAY} where id in ('{self.actor}', '{self.short}');")
        it.server.settings["retention.rows_per_second"] = 1_000_000
        it.server.start()
        until("retention deletes", lambda: self.deleted() > 0, 400)
        began = time.monotonic()
        until("the round of retention is over", lambda: metric(it, 'stellwerk_retention_sweeps_total{result="done"}') == 1, 600)
        return time.monotonic() - began


def median(durations):
    return sorted(durations)[len(durations) // 2]
