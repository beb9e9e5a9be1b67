"""PostgreSQL fails and comes back while services are at work: the server survives it and goes on by itself."""

from harness import lives, program, world
from harness.process import until


def fail_and_come_back(bench):
    bench.postgres.stop()
    bench.postgres.start()


def goes_on_after_the_database_failed_in_each_state(bench):
    it = bench.installation()
    service = it.order()
    fail_and_come_back(bench)
    it.command(service, "paid")
    fail_and_come_back(bench)
    it.until(service, "active")
    it.command(service, "suspend", {"reason": "abuse"})
    fail_and_come_back(bench)
    it.until(service, "suspended")
    it.command(service, "unsuspend")
    fail_and_come_back(bench)
    it.until(service, "active")
    it.command(service, "terminate", {"reason": "the end"})
    fail_and_come_back(bench)
    it.until(service, "terminated")
    it.until_order(service, "completed")
    lives.check_end(it, service)
    world.same("the server ran all the time", 0, it.crashes)


def keeps_what_the_provider_answers_while_the_database_is_away(bench):
    it = bench.installation()
    service = it.order()
    it.sandbox.control("POST", "durations", {"clone": "PT20M"})
    it.command(service, "paid")
    until("the sandbox clones", it.sandbox.running_tasks)
    bench.postgres.stop()
    it.sandbox.control("POST", "clock", {"advance": "PT30M"})  # the clone ends while nothing can be written down
    bench.postgres.start()
    it.until(service, "active", step="PT1M")
    world.check_all(it, [service])
    world.same("calls of clone", 1, len(it.sandbox.calls("clone")))
    world.same("the server ran all the time", 0, it.crashes)


def says_so_while_the_database_is_away(bench):
    it = bench.installation()
    service = it.order()
    it.customer.token()
    bench.postgres.stop()
    try:
        for method, path, body in (("POST", "/api/client/tickets", {"subject": "s", "body": "b"}), ("POST", f"/api/client/services/{service}/commands/cancel", {})):
            answer = it.customer.send(method, path, body)
            world.same(f"{method} {path} without a database", 503, answer.status)
            world.same("the answer is a problem document", "application/problem+json", answer.headers["content-type"].split(";")[0])
    finally:
        bench.postgres.start()
    it.customer.post("/api/client/tickets", {"subject": "s", "body": "b"}, 201)
    world.same("the server ran all the time", 0, it.crashes)


if __name__ == "__main__":
    program.run([goes_on_after_the_database_failed_in_each_state, keeps_what_the_provider_answers_while_the_database_is_away, says_so_while_the_database_is_away])
