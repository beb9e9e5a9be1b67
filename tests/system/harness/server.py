"""`stellwerk serve` on a data folder and a database of its own."""

import os
import signal
import subprocess

from .process import Child, Unexpected

CRASHED = 137  # what STELLWERK_CRASH_AT ends with, and kill -9


class Server:
    def __init__(self, binary, folder, settings):
        """`settings`: names as in the settings file ("sandbox.enabled") to values."""
        self.binary = binary
        self.folder = folder
        self.log = os.path.join(folder, "server.log")
        self.settings = {"data.dir": os.path.join(folder, "data"), "http.listen": "127.0.0.1:0", **settings}
        self.arguments = []  # more for `serve`
        self.port = None
        self._child = None

    def environment(self, crash_at=None):
        env = {name: value for name, value in os.environ.items() if not name.startswith("STELLWERK_")}
        for name, value in self.settings.items():
            env["STELLWERK_" + name.replace(".", "__").upper()] = str(value)
        if crash_at:
            env["STELLWERK_CRASH_AT"] = crash_at
        return env

    def start(self, crash_at=None):
        """Returns when it listens. `crash_at`: "commit:3" ends it right after the third commit, "attempt:3" when the third change of a provider is answered.

        With crash_at it may end before it listens; then port is None.
        """
        if self.is_running():
            raise RuntimeError("the server runs already")
        self.port = None
        self._child = Child("the server", [self.binary, "serve", *self.arguments], self.log, self.environment(crash_at))
        try:
            self.port = self._child.number_after("stellwerk: listening on port ")
        except Unexpected:
            if crash_at is None or self._child.exit_status() != CRASHED:
                raise
        return self

    def launch(self):
        """Starts it and waits for nothing: it may become a standby, or refuse."""
        self.port = None
        self._child = Child("the server", [self.binary, "serve", *self.arguments], self.log, self.environment())
        return self

    def until_standby(self):
        """Returns when it waits for the database; its port answers health checks."""
        self.port = self._child.number_after("stellwerk: standby on port ")
        return self

    def until_listening(self, limit=60.0):
        self.port = self._child.number_after("stellwerk: listening on port ", limit)
        return self

    def send(self, number):
        self._child.send(number)

    def stop(self):
        self._child.stop()

    def written(self):
        return self._child.written()

    def is_running(self):
        return self._child is not None and self._child.exit_status() is None

    def exit_status(self):
        return self._child.exit_status()

    def pid(self):
        return self._child.pid

    def kill(self):
        self._child.kill()

    def terminate(self, limit=20.0):
        """SIGTERM; the exit status. Unexpected when it still runs after `limit` seconds."""
        self._child.send(signal.SIGTERM)
        return self._child.wait(limit)

    def wait(self, limit=20.0):
        return self._child.wait(limit)

    def close(self):
        if self._child is not None:
            self._child.kill()

    def make_account(self, email, role):
        """Its password. No server may run on an embedded database meanwhile."""
        done = subprocess.run([self.binary, "admin", "create-account", "--email", email, "--name", email.split("@")[0], "--role", role],
                              env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if done.returncode != 0 or "shown this once: " not in done.stdout:
            raise Unexpected(f"create-account makes {email}", f"status {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout.split("shown this once: ")[1].splitlines()[0].strip()
