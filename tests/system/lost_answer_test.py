"""The provider does what it was told, but the answer never arrives: the life goes on, with one machine and no incident."""

import os

from harness import lives, program, world
from harness.process import Unexpected

# operation of the sandbox, and how many of its calls pass before one is disturbed
CALLS = [("clone", 0), ("config", 0), ("resize", 0), ("start", 0), ("config", 1), ("stop", 0), ("config", 2), ("start", 1), ("delete", 0)]
READS = ["resources", "read_config", "read_status", "task_status", "tasks"]


def disturbed_lives(bench, kind, calls, settings=None, **more):
    for operation, passed in calls:
        it = bench.installation(settings=settings)
        it.sandbox.fault(kind, operation, after=passed, times=1, **more)
        try:
            lives.whole_life(it)
        except Unexpected as problem:
            raise Unexpected(f"a whole life with {kind} at call {passed + 1} of {operation}", problem) from problem
        if operation != "tasks":  # looked at only when something else went wrong
            world.same(f"times that {kind} struck {operation}", [1], it.sandbox.hits())


def goes_on_when_the_connection_is_closed_after_the_effect(bench):
    disturbed_lives(bench, "close_after", CALLS)


def goes_on_when_the_answer_is_cut_off(bench):
    disturbed_lives(bench, "truncated", CALLS)


def goes_on_when_the_answer_is_a_web_page(bench):
    disturbed_lives(bench, "wrong_content_type", CALLS, content_type="text/html", body="<html>Bad gateway</html>")


def goes_on_when_a_question_is_not_answered(bench):
    disturbed_lives(bench, "refuse", [(operation, 0) for operation in READS])


def goes_on_when_each_answer_comes_too_late(bench):
    """With attempts that wait for one second instead of thirty."""
    folder = os.path.join(bench.folder, "library", "workflows")
    os.makedirs(folder, exist_ok=True)
    shipped = os.path.join(os.path.dirname(__file__), "..", "..", "workflows", "library", "proxmox-vm.yaml")
    with open(shipped, encoding="utf-8") as file:
        text = file.read()
    patient = "call: { on_server: self.server,"
    world.same("places where the workflow says how long attempts wait", 1, text.count(patient))
    with open(os.path.join(folder, "proxmox-vm.yaml"), "w", encoding="utf-8") as file:
        file.write(text.replace(patient, patient + " attempt_timeout: PT1S,"))
    disturbed_lives(bench, "timeout_after", CALLS, {"library.dirs": os.path.dirname(folder)}, seconds=3)


if __name__ == "__main__":
    program.run([goes_on_when_the_connection_is_closed_after_the_effect, goes_on_when_the_answer_is_cut_off, goes_on_when_the_answer_is_a_web_page,
                 goes_on_when_a_question_is_not_answered, goes_on_when_each_answer_comes_too_late])
