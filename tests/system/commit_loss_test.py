"""The connection to PostgreSQL breaks in the middle of COMMIT, again and again, at load: who commits cannot know, and must find out."""

import random
import threading

from doctor_test import metric
from harness import api, program, world
from harness.commit_proxy import CommitProxy
from harness.process import Unexpected, last_lines, until
from harness.storm import Storm

WAYS = ["before", "sent", "answered", "late", "between"]
ROUNDS = 60


def counts_right_when_connections_break_around_commit(bench):
    lot = random.Random(bench.seed)
    wanted = []  # ways still to be met; none: everything passes

    def draw(is_commit):
        if not wanted or lot.random() > (0.15 if is_commit else 0.01) or (wanted[-1] == "between") == is_commit:
            return None
        return wanted.pop()

    proxy = CommitProxy(bench.postgres.port, draw)

    def through_proxy(it):
        it.server.settings["database.url"] = f"postgresql://postgres@127.0.0.1:{proxy.port}/{it.name}?sslmode=disable&gssencmode=disable"

    try:
        storm = Storm(bench, prepare=through_proxy)
        storm.until_more(100)
        ways = [way for _ in range((bench.rounds or ROUNDS) // len(WAYS)) for way in WAYS]
        lot.shuffle(ways)
        for way in ways:
            wanted.append(way)
            while wanted:
                storm.until_more(1)
        storm.until_more(200)
        if storm.it.server.exit_status() is not None:
            raise Unexpected("the server ran all the time", storm.it.server.exit_status())
        told = storm.finish()
        if proxy.struck != {way: ways.count(way) for way in WAYS}:
            raise Unexpected(f"broken connections: {ways}", proxy.struck)
        print(f"        seed {bench.seed}, {proxy.commits} commits, broken {dict(sorted(proxy.struck.items()))}: {told}")
    finally:
        proxy.close()


def tells_that_the_database_is_silent(bench):
    """A lock that somebody holds: no error, no answer. Whoever waits cannot speak, so that others have to."""
    storm = Storm(bench)
    port = storm.it.server.port
    storm.until_more(50)
    locked = threading.Thread(target=bench.postgres.sql, args=("begin; lock table actor; select pg_sleep(16); rollback", storm.it.name), daemon=True)
    locked.start()

    def look():
        answer = api.exchange(port, "GET", "/readyz", timeout=10)
        return answer if answer.status == 503 else None

    answer = until("it is not ready while the database is silent", look, 15)
    if "has not answered" not in answer["parts"]["database"]:
        raise Unexpected("the readiness says that the database does not answer", answer)
    world.same("the gauge is above 10", True, metric(storm.it, "stellwerk_database_silent_seconds") > 10)
    locked.join(60)
    until("it is ready again", lambda: api.exchange(port, "GET", "/readyz", timeout=10).status == 200, 30)
    storm.until_more(100)
    until("the log says how long it took", lambda: any("the database was silent for long" in line for line in last_lines(storm.it.server.log, 400)), 10)
    print(f"        {storm.finish()}")


if __name__ == "__main__":
    program.run([counts_right_when_connections_break_around_commit, tells_that_the_database_is_silent])
