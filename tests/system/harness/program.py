"""A test program: its cases one after the other, each on a fresh installation, on the database that the command line names."""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
import traceback

from .installation import Template
from .postgres import Postgres
from .process import Unexpected, last_lines
from .sandbox import Sandbox


class Bench:
    """What the cases of a program share: a scratch folder, one sandbox, one database server."""

    def __init__(self, options):
        self.binary = os.path.abspath(options.binary)
        self.folder = tempfile.mkdtemp(prefix="stellwerk-system-")
        os.chmod(self.folder, 0o711)  # PostgreSQL's user passes through
        self.current = None
        self.postgres = None
        self.sandbox = None
        self._template = None
        self.database = options.database
        self.points = options.points
        self.rounds = options.rounds
        self.seed = options.seed
        self._fsync = getattr(options, "fsync", False)  # of PostgreSQL; asked for by what measures

    def open(self):
        if self.database == "postgresql":
            self.postgres = Postgres(os.path.join(self.folder, "postgres"), fsync=self._fsync)
        self.sandbox = Sandbox(self.binary, self.folder)
        self._durations = self.sandbox.control("GET", "durations")
        self._template = Template(self)

    def installation(self, crash_at=None, settings=None):
        """A fresh one in place of the one before."""
        self.release()
        for vmid in list(self.sandbox.guests()):
            self.sandbox.remove(vmid)
        self.sandbox.clear_faults()
        self.sandbox.forget_calls()
        self.sandbox.control("POST", "durations", self._durations)
        return self._template.copy(crash_at, settings)

    def release(self):
        if self.current is not None:
            self.current.close()
            self.current = None

    def close(self):
        for part in (self.current, self.sandbox, self.postgres):
            if part is not None:
                part.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self):
        """What helps to understand a failure: journals, incidents, the last lines of the logs."""
        made = self.current
        if made is None:
            return
        for kind, actor in made.watched:
            print(f"--- journal of {actor}")
            try:
                if not made.server.is_running():
                    made.server.start()
                for entry in made.journal(kind, actor)[-30:]:
                    print(f"{entry['version']:4} {entry['at']} {json.dumps(entry['entries'])[:1200]}")
            except Exception as problem:  # the failure itself is what counts; this is only its explanation
                print(f"cannot be read: {problem}")
        for name, path in (("server", made.server.log), ("sandbox", self.sandbox.log)):
            print(f"--- last lines of the {name}'s log")
            print("\n".join(last_lines(path)))


def run(cases):
    """Runs the functions `cases` (each takes a Bench); their docstrings are their names. Does not return."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], required=True)
    parser.add_argument("--points", choices=["commit", "attempt"], default="commit", help="where the crash tests end the server")
    parser.add_argument("--only", help="part of the name of the cases to run")
    parser.add_argument("--skip", action="append", default=[], help="part of the name of cases to leave out; may be repeated")
    parser.add_argument("--rounds", type=int, help="how many rounds the cases take that are made of rounds")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="draws what is drawn by lot again")
    options = parser.parse_args()
    bench = Bench(options)
    failed = 0
    try:
        bench.open()
        for case in cases:
            name = case.__name__.replace("_", " ")
            if (options.only and options.only not in name) or any(part in name for part in options.skip):
                continue
            began = time.monotonic()
            try:
                case(bench)
                print(f"passed  {time.monotonic() - began:6.1f} s  {name}", flush=True)
            except Exception as problem:
                failed += 1
                print(f"FAILED  {time.monotonic() - began:6.1f} s  {name}\n{problem if isinstance(problem, Unexpected) else traceback.format_exc()}")
                print("".join(traceback.format_tb(problem.__traceback__)[-4:]))
                bench.tell()
                sys.stdout.flush()
            bench.release()
    finally:
        bench.close()
    sys.exit(1 if failed else 0)
