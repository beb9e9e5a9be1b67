"""Child processes: each with a log file, ended by its own pid only."""

import os
import re
import select
import signal
import subprocess
import time


class Unexpected(Exception):
    """What a test expected and what it found instead."""

    def __init__(self, expected, found):
        super().__init__(f"expected: {expected}\n   found: {found}")


def pause(seconds=0.02):
    """Lets others run between two looks at a state; nothing may depend on its length."""
    select.select([], [], [], seconds)


def until(what, look, limit=60.0):
    """The first true value of look(); Unexpected when `limit` seconds of real time pass without one."""
    end = time.monotonic() + limit
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > end:
            raise Unexpected(what, f"not within {limit:g} s")
        pause()


class Child:
    """A process that writes to a log file. It dies with the thread that started it: setpriv asks the kernel for that.

    `options`: more for setpriv, such as another user; in one call, because a change of user forgets the wish.
    """

    def __init__(self, name, argv, log, env=None, cwd=None, options=(), death="KILL"):
        self.name = name
        self.log = log
        self._from = os.path.getsize(log) if os.path.exists(log) else 0
        with open(log, "ab") as output:
            self._process = subprocess.Popen(["setpriv", "--pdeathsig", death, *options, "--", *argv], stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=subprocess.STDOUT, env=env, cwd=cwd)

    @property
    def pid(self):
        return self._process.pid

    def exit_status(self):
        """None while it runs; 128 + the signal when one ended it."""
        status = self._process.poll()
        return status if status is None or status >= 0 else 128 - status

    def send(self, number):
        if self.exit_status() is None:
            os.kill(self.pid, number)

    def stop(self):
        """SIGSTOP, and back when no thread runs any more: the signal reaches each of them in its own time."""
        self.send(signal.SIGSTOP)
        until(f"every thread of {self.name} is stopped", lambda: set(self._states()) <= set("TZ"))

    def _states(self):
        """The kernel's letter for each thread."""
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{thread}/stat", encoding="utf-8", errors="replace") as file:
                    yield file.read().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                pass  # it ended meanwhile

    def wait(self, limit):
        """The exit status; Unexpected when it still runs after `limit` seconds."""
        try:
            self._process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Unexpected(f"{self.name} ends within {limit:g} s", "it still runs") from None
        return self.exit_status()

    def kill(self):
        self.send(signal.SIGKILL)
        self._process.wait()

    def written(self):
        with open(self.log, "rb") as log:
            log.seek(self._from)
            return log.read().decode("utf-8", "replace")

    def number_after(self, text, limit=60.0):
        """The number that follows `text` in what this process writes; that is how servers tell their port."""
        pattern = re.compile(re.escape(text) + r"(\d+)\n")

        def look():
            found = pattern.search(self.written())
            if found is None and self.exit_status() is not None:
                raise Unexpected(f"{self.name} writes '{text}<number>'", f"it ended with status {self.exit_status()}:\n{self.written()[-3000:]}")
            return found

        return int(until(f"{self.name} writes '{text}<number>'", look, limit).group(1))


def last_lines(path, count=40):
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace").splitlines()[-count:]
