"""kill -9 at the worst moment: the provider has done what it was told, and its answer is on the way."""

import threading
import uuid

from harness import lives, program, world
from harness.process import Unexpected, pause, until
from lost_answer_test import CALLS


class Killer(threading.Thread):
    """Kills the server once the sandbox's only fault rule has struck; whoever talks to the server next starts it again."""

    def __init__(self, it):
        super().__init__(daemon=True)
        self._it = it
        self._end = threading.Event()
        self.start()

    def run(self):
        while not self._end.is_set():
            if self._it.sandbox.hits() == [1]:
                self._it.server.kill()
                return
            pause(0.005)

    def stop(self):
        self._end.set()
        self.join(30)


def survives_a_kill_between_each_effect_and_its_answer(bench):
    for operation, passed in CALLS:
        it = bench.installation()
        it.sandbox.fault("timeout_after", operation, after=passed, times=1, seconds=60)
        killer = Killer(it)
        try:
            lives.whole_life(it)
        except Unexpected as problem:
            raise Unexpected(f"a whole life with a kill after call {passed + 1} of {operation}", problem) from problem
        finally:
            killer.stop()
        world.same(f"kills after call {passed + 1} of {operation}", 1, it.crashes)


def survives_a_kill_while_six_services_are_provisioned(bench):
    for clones in (1, 3, 5):
        it = bench.installation()
        services = [it.order(f"v{number}.example.com") for number in range(6)]
        keys = {service: uuid.uuid4().hex for service in services}
        for service in services:
            it.command(service, "paid", key=keys[service])
        until(f"{clones} clones are under way or done",
              lambda: len(it.sandbox.calls("clone")) >= clones or it.staff.advance("PT1S") is None, 60)
        it.server.kill()
        it.revive()
        for service in services:
            it.command(service, "paid", key=keys[service])  # nobody knows whether the first answer was seen
            it.until(service, "active")
        world.check_all(it, services)
        world.same("runs of each service", [1] * 6, [len(it.staff.items(f"/api/admin/services/{service}/runs")) for service in services])
        world.same("notifications", ["service_ready"] * 6, [name for service in services for name in it.notifications(service)])


if __name__ == "__main__":
    program.run([survives_a_kill_between_each_effect_and_its_answer, survives_a_kill_while_six_services_are_provisioned])
