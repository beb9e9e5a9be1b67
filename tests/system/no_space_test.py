"""The disk is full while orders come in: the server says what is wrong, acknowledges nothing that it did not write, and goes on when there is space."""

import os
import shutil
import uuid

from harness import api, program
from harness.postgres import Postgres
from harness.process import Unexpected, last_lines, until
from harness.small_disk import SmallDisk, take_right_to_mount
from harness.storm import Storm

MEGABYTES = 48
CLUSTER_MEGABYTES = 160
FULL = ("disk is full", "no space left")
ENDED = ("cannot establish connection", "recovery mode", "terminat")  # of PostgreSQL, which ends when its own log has no space


def readiness(storm):
    return api.exchange(storm.it.server.port, "GET", "/readyz", timeout=10)


def until_it_says_so(storm, disk, words):
    """Fills the disk until the server has noticed: readiness and log say one of `words`."""

    def names_it(text):
        return any(word in text.lower() for word in words)

    def look():
        disk.fill()
        answer = readiness(storm)
        return answer if answer.status == 503 and answer["parts"]["database"] != "ready" else None

    answer = until("it is not ready because of its database", look, 30)
    if not names_it(answer["parts"]["database"]):
        raise Unexpected(f"the readiness names one of {words}", answer)
    until("the log says so", lambda: any(names_it(line) for line in last_lines(storm.it.server.log, 400)), 10)


def send(storm, key):
    return api.exchange(storm.it.server.port, "POST", "/api/admin/services", storm.order(), {"Authorization": "Bearer " + storm.token, "Idempotency-Key": key}, 40)


def check_unacknowledged(storm, key):
    """What cannot be written is not acknowledged: its outcome is unknown, or the database is away, and it is to be repeated."""
    answer = send(storm, key)
    if answer.status != 503 or answer.reason() not in ("outcome_unknown", "connection"):
        raise Unexpected("503 outcome_unknown or connection while nothing can be written", answer)


def check_start(storm, disk):
    """On a full disk a server does not begin to serve, and says why; unless what the last one left has room for its first words."""
    disk.fill()
    server = storm.it.server.launch()
    until("it ends or serves", lambda: server.exit_status() is not None or "listening on port" in server.written(), 30)
    if server.exit_status() is None:
        server.kill()
        storm.note_kill()
    elif server.exit_status() != 1 or "its disk is full" not in server.written() or os.path.join(storm.it.folder, "data") not in server.written():
        raise Unexpected("it ends with status 1, names the full disk and where it is, and what to do", f"status {server.exit_status()}: {server.written()[-2000:]}")


def repeat(storm, key):
    """As it says; then it is done once."""

    def look():
        answer = send(storm, key)
        return answer if answer.status == 201 else None

    storm.acknowledged[until("the request is taken in the end", look, 60)["id"]] = 0


def fill_and_empty(storm, disk, words=FULL, mishap=lambda: None, repair=lambda: None):
    """`mishap` while the disk is full, `repair` when there is space."""
    storm.until_more(200)
    until_it_says_so(storm, disk, words)
    key = uuid.uuid4().hex
    check_unacknowledged(storm, key)
    mishap()
    disk.empty()
    repair()
    until("it is ready again", lambda: readiness(storm).status == 200, 60)
    repeat(storm, key)


def goes_on_after_the_disk_was_full(bench):
    if bench.postgres:
        return on_postgresql(bench)
    disk = None

    def move_data(it):
        nonlocal disk
        it.server.settings["http.answer_timeout"] = "PT2S"
        data = os.path.join(it.folder, "data")
        os.rename(data, data + ".before")
        disk = SmallDisk(data, MEGABYTES)
        shutil.copytree(data + ".before", data, dirs_exist_ok=True)

    try:
        storm = Storm(bench, prepare=move_data)

        def power_fails():
            storm.it.server.kill()
            storm.note_kill()
            check_start(storm, disk)

        fill_and_empty(storm, disk)
        fill_and_empty(storm, disk, mishap=power_fails, repair=storm.it.server.start)
        fill_and_empty(storm, disk)
        storm.until_more(200)
        print(f"        seed {bench.seed}, {storm.finish()}")
    finally:
        bench.release()
        if disk is not None:
            disk.close()


def on_postgresql(bench):
    """A database server with a disk of its own. It ends when it cannot make a segment of its log; then it is started again."""
    roomy = bench.postgres
    disk = SmallDisk(os.path.join(bench.folder, "small"), CLUSTER_MEGABYTES)
    small = None
    try:
        small = Postgres(os.path.join(disk.folder, "postgres"))

        def move_database(it):
            it.server.settings["http.answer_timeout"] = "PT2S"
            roomy.copy_to(small, it.name)
            it.server.settings["database.url"] = small.url(it.name)
            bench.postgres = small

        storm = Storm(bench, prepare=move_database)

        def start_if_ended():
            if not small.is_running():
                small.start()

        for _ in range(3):
            fill_and_empty(storm, disk, (*FULL, *ENDED), repair=start_if_ended)
        storm.until_more(200)
        if storm.it.server.exit_status() is not None:
            raise Unexpected("the server ran all the time", storm.it.server.exit_status())
        print(f"        seed {bench.seed}, {storm.finish()}")
    finally:
        bench.postgres = roomy
        bench.release()
        if small is not None:
            small.close()
        disk.close()


if __name__ == "__main__":
    take_right_to_mount()
    program.run([goes_on_after_the_disk_was_full])
