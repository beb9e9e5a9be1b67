"""Two at once, and ten times the same: what was asked for happens once."""

import concurrent.futures
import threading
import uuid

from harness import program, world


def at_once(calls):
    """The answers of all `calls`, which leave together."""
    gate = threading.Barrier(len(calls))

    def one(call):
        gate.wait(30)
        return call()

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(120) for future in [pool.submit(one, call) for call in calls]]


def runs(it, service):
    return it.staff.items(f"/api/admin/services/{service}/runs")


def of_two_payments_at_once_one_is_taken(bench):
    it = bench.installation()
    for _ in range(5):
        service = it.order()
        path = f"/api/admin/services/{service}/commands/paid"
        answers = at_once([lambda: it.staff.send("POST", path, {}), lambda: it.staff.send("POST", path, {})])
        world.same("answers to two payments", [202, 409], sorted(answer.status for answer in answers))
        it.until(service, "active")
        world.same("runs", 1, len(runs(it, service)))
        it.command(service, "terminate", {"reason": "next round"})
        it.until(service, "terminated")
    world.check_all(it, [])


def a_command_repeated_under_its_key_happens_once(bench):
    it = bench.installation()
    service = it.order()
    path = f"/api/admin/services/{service}/commands/paid"
    key = uuid.uuid4().hex
    answers = at_once([lambda: it.staff.send("POST", path, {}, key)] * 10)
    answers += [it.staff.send("POST", path, {}, key) for _ in range(10)]
    world.same("different answers", {(202, answers[0].text)}, {(answer.status, answer.text) for answer in answers})
    world.same("answers that are marked as repeated are at least the later ten", True, sum("idempotency-replayed" in answer.headers for answer in answers) >= 10)
    it.until(service, "active")
    world.same("the same answer when all is over", answers[0].text, it.staff.send("POST", path, {}, key).text)
    world.same("runs", 1, len(runs(it, service)))
    world.same("another body under that key", "idempotency_key_reused", it.staff.expect(422, "POST", path, {"note": "x"}, key).reason())
    world.same("another command under that key is another request", 202, it.staff.send("POST", path.replace("paid", "stop"), {}, key).status)
    it.until(service, "active")
    world.same("the same key of another person is another request", "not_allowed_now",
               it.customer.expect(409, "POST", f"/api/client/services/{service}/commands/cancel", {}, key).reason())
    world.check_all(it, [service])


def a_refusal_is_not_kept_under_the_key(bench):
    """A request that changed nothing may be given again with better luck."""
    it = bench.installation()
    service = it.order()
    key = uuid.uuid4().hex
    path = f"/api/admin/services/{service}/commands/stop"
    it.staff.expect(409, "POST", path, {}, key)
    it.command(service, "paid")
    it.until(service, "active")
    it.staff.expect(202, "POST", path, {}, key)
    it.follow("the machine is stopped", service, lambda now: now["state"] == "active" and it.sandbox.guests_of(service)[0]["status"] == "stopped")
    world.check_all(it, [service])


def an_order_repeated_under_its_key_makes_one_service(bench):
    it = bench.installation()
    body = {"product": it.product, "config": {"hostname": "once.example.com"}}
    key = uuid.uuid4().hex
    answers = at_once([lambda: it.customer.send("POST", "/api/client/orders", body, key)] * 10)
    answers += [it.customer.send("POST", "/api/client/orders", body, key) for _ in range(10)]
    world.same("different answers", {(201, answers[0].text)}, {(answer.status, answer.text) for answer in answers})
    world.same("services", [answers[0]["service"]], [row["id"] for row in it.customer.items("/api/client/services?state=all")])
    body["config"]["hostname"] = "twice.example.com"
    world.same("another body under that key", "idempotency_key_reused", it.customer.expect(422, "POST", "/api/client/orders", body, key).reason())
    world.same("services after that", 1, len(it.customer.items("/api/client/services?state=all")))
    it.other.expect(201, "POST", "/api/client/orders", body, key)
    world.same("services of somebody else with the same key", 1, len(it.other.items("/api/client/services")))


def orders_at_once_get_machines_of_their_own(bench):
    it = bench.installation()
    services = [answer["service"] for answer in at_once([
        lambda number=number: it.customer.expect(201, "POST", "/api/client/orders", {"product": it.product, "config": {"hostname": f"v{number}.example.com"}}, uuid.uuid4().hex)
        for number in range(6)])]
    at_once([lambda service=service: it.command(service, "paid") for service in services])
    for service in services:
        it.until(service, "active")
    world.check_all(it, services)
    world.same("different numbers and addresses", (6, 6), tuple(len({it.service(service)["attributes"][name] for service in services}) for name in ("vmid", "ip")))


if __name__ == "__main__":
    program.run([of_two_payments_at_once_one_is_taken, a_command_repeated_under_its_key_happens_once, a_refusal_is_not_kept_under_the_key,
                 an_order_repeated_under_its_key_makes_one_service, orders_at_once_get_machines_of_their_own])
