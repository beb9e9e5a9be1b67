#!/usr/bin/env python3
"""What a long history costs the actor that has it: the real server over HTTP, on a database whose rows are made by SQL. Prints one JSON line; see README.md."""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "system"))

from backup_test import ask_server  # noqa: E402 (the path comes first)
from harness import memory, program  # noqa: E402
from harness.chronicle import Chronicle, median  # noqa: E402

SAMPLE = 50  # pages at either end
COMMANDS = 200


def wake(chronicle, warm, actor):
    """Seconds of the first command after a start: the actor is loaded for it."""
    chronicle.it.server.terminate()
    chronicle.it.server.start()
    chronicle.it.staff.get("/api/admin/workflows")  # opens what every first request opens
    chronicle.add(warm, 1)
    return chronicle.add(actor, 1)[0]


def measure(chronicle):
    it = chronicle.it
    warm = chronicle.ground.create("chronicle", {})
    chronicle.add(warm, COMMANDS)
    short, long = chronicle.add(chronicle.short, COMMANDS), chronicle.add(chronicle.actor, COMMANDS)
    pages, _ = chronicle.read_all()
    pss = memory.pss(it.server.pid())
    turns = [(wake(chronicle, warm, chronicle.short), wake(chronicle, warm, chronicle.actor)) for _ in range(9)]
    began = time.monotonic()
    made = ask_server(it)
    backup = time.monotonic() - began
    chronicle.end(warm)
    erase = chronicle.erase()
    size = sum(os.path.getsize(os.path.join(made, name)) for name in os.listdir(made))
    figures = {"page_of_500_first_ms": median(pages[:SAMPLE]), "page_of_500_last_ms": median(pages[-SAMPLE - 1:-1]), "command_short_ms": median(short), "command_long_ms": median(long),
               "wake_short_ms": median([short for short, _ in turns]), "wake_long_ms": median([long for _, long in turns]), "erase_ms": erase}
    return {"bench": "long_history", "database": it.bench.database, "entries": chronicle.entries, **{name: round(seconds * 1000, 2) for name, seconds in figures.items()},
            "all_pages_s": round(sum(pages), 1), "engine_pss_mb": round(pss / memory.MIB, 1), "backup_s": round(backup, 1), "backup_mb": round(size / memory.MIB)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default="build/release/bin/stellwerk")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite", help="postgresql: a server of its own is started for this")
    parser.add_argument("--entries", type=int, default=1_000_000)
    options = parser.parse_args()
    bench = program.Bench(argparse.Namespace(binary=options.binary, database=options.database, points=None, rounds=None, seed=0, fsync=True))
    try:
        bench.open()
        chronicle = Chronicle(bench, options.entries)
        try:
            print(json.dumps(measure(chronicle)))
        finally:
            chronicle.close()
    finally:
        bench.close()


if __name__ == "__main__":
    main()
