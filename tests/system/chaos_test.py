"""Several mishaps in one life, drawn by lot: lost and broken answers, refusals for now, crashes. The seed in a failure draws them again."""

import random

from harness import lives, program
from harness.process import Unexpected

OPERATIONS = ["clone", "config", "resize", "start", "stop", "delete", "resources", "read_config", "read_status", "task_status", "tasks"]
MISHAPS = [
    {"fault": "close_after"}, {"fault": "truncated"}, {"fault": "refuse"}, {"fault": "wrong_content_type", "content_type": "text/html", "body": "<html>"},
    {"fault": "status", "status": 503, "reason": "Service Unavailable"}, {"fault": "status", "status": 596, "reason": "Connection timed out"},
    {"fault": "status", "status": 500, "reason": "can't lock file '/var/lock/qemu-server/lock-10000.conf' - got timeout"}, {"fault": "latency", "ms": 50},
]
LIVES = 25


def survives_mishaps_drawn_by_lot(bench):
    for seed in range(LIVES):
        lot = random.Random(seed)
        crashes = [f"{lot.choice(['commit', 'attempt'])}:{lot.randint(1, 12)}" for _ in range(lot.randint(0, 3))]
        rules = [(lot.choice(OPERATIONS), lot.choice(MISHAPS), lot.randint(0, 3), lot.randint(1, 3)) for _ in range(lot.randint(1, 5))]
        it = bench.installation(crash_at=crashes.pop(0) if crashes else None)
        it.crash_plan = crashes
        for operation, mishap, after, times in rules:
            more = {name: value for name, value in mishap.items() if name != "fault"}
            it.sandbox.fault(mishap["fault"], operation, after=after, times=times, **more)
        try:
            lives.whole_life(it)
        except Unexpected as problem:
            raise Unexpected(f"a whole life with seed {seed}: {rules}", problem) from problem


if __name__ == "__main__":
    program.run([survives_mishaps_drawn_by_lot])
