"""Two processes on one PostgreSQL: one works, the other waits. Whatever becomes of the first, each thing happens once."""

import os
import shutil
import signal
import time

from harness import program, world
from harness.api import exchange
from harness.process import Unexpected, until
from harness.server import Server

FENCED = 70
LEASE = 2.0


def standby_of(it, **settings):
    """Another node on the same database, with a copy of the first one's data folder: the same keys, but another node."""
    folder = os.path.join(it.folder, f"second{len(os.listdir(it.folder))}")
    data = os.path.join(folder, "data")
    shutil.copytree(it.server.settings["data.dir"], data)
    return Server(it.server.binary, folder, {**it.server.settings, "data.dir": data, **{name.replace("_", ".", 1): value for name, value in settings.items()}})


def serve_by(it, server):
    """From now on everybody talks to this one."""
    it.server = server
    for who in (it.staff, it.customer, it.other):
        who._server = server


def pair(bench, lease):
    """An installation with a standby."""
    it = bench.installation(settings={"engine.lease": lease})
    return it, standby_of(it).launch().until_standby()


def begin_work(it, count=4):
    """Services whose machines are being cloned."""
    services = [it.order(f"v{number}.example.com") for number in range(count)]
    for service in services:
        it.command(service, "paid")
    until("every machine is being cloned", lambda: len(it.sandbox.calls("clone")) >= count or it.staff.advance("PT1S") is None)
    return services


def check_once(it, services):
    for service in services:
        it.until(service, "active")
    world.check_all(it, services)
    world.same("calls of clone", len(services), len(it.sandbox.calls("clone")))
    world.same("runs of each service", [1] * len(services), [len(it.staff.items(f"/api/admin/services/{service}/runs")) for service in services])
    world.same("notifications", ["service_ready"] * len(services), [name for service in services for name in it.notifications(service)])


def refused(server, words):
    """It ends with status 1 and says why."""
    try:
        world.same("exit status", 1, server.launch().wait(30))
        if words not in server.written():
            raise Unexpected(f"it says: {words}", server.written())
    finally:
        server.close()


def waits_as_standby_and_says_for_whom(bench):
    it, second = pair(bench, "PT60S")
    try:
        world.same("health of the standby", 200, exchange(second.port, "GET", "/healthz").status)
        ready = exchange(second.port, "GET", "/readyz")
        world.same("readiness of the standby", 503, ready.status)
        if "holds the database" not in ready["parts"]["node"]:
            raise Unexpected("the readiness says who holds the database", ready)
        answer = exchange(second.port, "POST", "/api/admin/login", {"email": "staff@example.com", "password": "x"})
        world.same("the API of the standby", (503, "standby"), (answer.status, answer.reason()))
        metrics = exchange(second.port, "GET", "/metrics").text
        world.same("it counts as standby", True, "\nstellwerk_node_standby 1" in metrics)
        world.same("readiness of the first", 200, exchange(it.server.port, "GET", "/readyz").status)
        refused(standby_of(it, engine_standby="false"), "holds the database")
    finally:
        second.close()


def takes_over_from_a_node_that_was_killed(bench):
    it, second = pair(bench, f"PT{LEASE:g}S")
    first = it.server
    try:
        services = begin_work(it)
        first.kill()
        serve_by(it, second.until_listening())
        check_once(it, services)
        world.same("readiness", 200, exchange(second.port, "GET", "/readyz").status)
    finally:
        second.close()


def stop_and_wake(bench, begin):
    """`begin`: brings services to work. Then the node is stopped, replaced, and wakes."""
    it, second = pair(bench, f"PT{LEASE:g}S")
    first = it.server
    try:
        services = begin(it)
        first.stop()
        stopped = time.monotonic()
        serve_by(it, second.until_listening())
        check_once(it, services)
        until("three leases have passed", lambda: time.monotonic() - stopped > 3 * LEASE)
        calls = it.sandbox.control("GET", "calls")["calls"]
        versions = [len(it.journal("services", service)) for service in services]
        first.send(signal.SIGCONT)
        world.same("exit status of the one that woke", FENCED, first.wait(30))
        if "another node has taken the database over" not in first.written():
            raise Unexpected("it says why it ends", first.written()[-2000:])
        world.same("calls since it woke", [], it.sandbox.control("GET", "calls")["calls"][len(calls):])
        world.same("versions since it woke", versions, [len(it.journal("services", service)) for service in services])
        check_once(it, services)
    finally:
        first.close()
        second.close()


def a_node_that_was_stopped_for_three_leases_does_nothing_when_it_wakes(bench):
    stop_and_wake(bench, begin_work)


def an_answer_that_waits_for_a_stopped_node_changes_nothing_when_it_wakes(bench):
    def begin(it):
        it.sandbox.fault("latency", "clone", ms=1_000, times=3)
        services = [it.order(f"v{number}.example.com") for number in range(3)]
        for service in services:
            it.command(service, "paid")
        until("requests are in hand", lambda: len(it.sandbox.calls("clone")) == 3 or it.sandbox.hits() == [3])
        return services

    stop_and_wake(bench, begin)


def hands_over_at_once_when_it_ends_cleanly(bench):
    it, second = pair(bench, "PT5M")
    try:
        services = begin_work(it, 2)
        world.same("exit status", 0, it.server.terminate(20))
        serve_by(it, second.until_listening(30))  # a tenth of the lease
        check_once(it, services)
    finally:
        second.close()


def a_restart_on_the_same_host_waits_for_nothing(bench):
    it = bench.installation(settings={"engine.lease": "PT5M"})
    services = begin_work(it, 2)
    it.server.kill()
    it.server.launch().until_listening(30)
    check_once(it, services)


def one_data_folder_is_one_node(bench):
    it = bench.installation()
    twin = Server(it.server.binary, it.server.folder, it.server.settings)
    twin.log = os.path.join(it.folder, "twin.log")
    refused(twin, "another process uses the data folder")
    it.customer.get("/api/client/services")


if __name__ == "__main__":
    program.run([waits_as_standby_and_says_for_whom, takes_over_from_a_node_that_was_killed, a_node_that_was_stopped_for_three_leases_does_nothing_when_it_wakes,
                 an_answer_that_waits_for_a_stopped_node_changes_nothing_when_it_wakes, hands_over_at_once_when_it_ends_cleanly, a_restart_on_the_same_host_waits_for_nothing, one_data_folder_is_one_node])
