"""The server ends as by kill -9 after every commit of a whole life, or when the answer to a change of the provider arrives."""

from harness import lives, program
from harness.process import Unexpected

MOST = 200  # no life is that long; a loop that does not end would otherwise not be told apart from one that works


def crash_everywhere(bench, again):
    """A life for each point, until one has no crash. `again`: where the servers end that are started after the first crash."""
    for number in range(1, MOST):
        point = f"{bench.points}:{number}"
        it = bench.installation(crash_at=point)
        it.crash_plan = list(again)
        try:
            lives.whole_life(it)
        except Unexpected as problem:
            raise Unexpected(f"a whole life with a crash at {point}, then at {again}", problem) from problem
        if it.crashes == 0:
            if number < 10:
                raise Unexpected("crashes at 10 points at least (the binary needs STELLWERK_FAULT_POINTS)", f"{number - 1}")
            print(f"        {number - 1} points of kind {bench.points}")
            return
    raise Unexpected(f"a life with fewer than {MOST} points", "it still crashed")


def survives_a_crash_at_every_point_of_a_life(bench):
    crash_everywhere(bench, [])


def survives_a_second_crash_while_it_recovers_from_the_first(bench):
    crash_everywhere(bench, ["commit:1", "attempt:1"])


if __name__ == "__main__":
    program.run([survives_a_crash_at_every_point_of_a_life, survives_a_second_crash_while_it_recovers_from_the_first])
