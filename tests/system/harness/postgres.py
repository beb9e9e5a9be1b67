"""A real PostgreSQL on a free loopback port, in a scratch folder. A missing server is a failure, not a reason to skip."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess

from .process import Child, Unexpected, until


def _programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise Unexpected("a PostgreSQL server below /usr/lib/postgresql (scripts/install-packages installs it)", "none")
    return found[-1]


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _runs(pid):
    """False for one that has ended and only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


class Postgres:
    """`fsync`: whether it waits for the disk. In tests processes end and the kernel keeps what they wrote: only a measurement wants it."""

    def __init__(self, folder, fsync=False):
        self._fsync = "on" if fsync else "off"
        self._programs = _programs()
        self._folder = folder
        self._as = []
        os.makedirs(folder, mode=0o700)
        if os.geteuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as = ["--reuid=postgres", "--regid=postgres", "--init-groups"]
        self._data = os.path.join(folder, "data")
        self._run([f"{self._programs}/initdb", "--pgdata", self._data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"],
                  ["setpriv", *self._as, "--"] if self._as else [])
        self._child = None
        for _ in range(5):  # another program may take the port before the server does
            self.port = _free_port()
            if self._launched():
                return
        raise Unexpected("PostgreSQL starts", self._child.written()[-3000:])

    def _launched(self):
        self._child = Child("PostgreSQL", [f"{self._programs}/postgres", "-D", self._data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
                                           "-c", f"unix_socket_directories={self._folder}", "-c", f"fsync={self._fsync}", "-c", "max_connections=100"],
                            os.path.join(self._folder, "..", "postgres.log"), cwd=self._folder, options=self._as, death="QUIT")
        return until("PostgreSQL answers or ends", self._settled) == "ready"

    def stop(self):
        """As if the power failed: no checkpoint, no word to its clients."""
        self._child.send(signal.SIGQUIT)
        self._child.wait(30)

    def kill(self):
        """kill -9 of the whole cluster. The postmaster stands still first, so that it makes no child that nobody knows of."""
        self._child.stop()
        with open(f"/proc/{self._child.pid}/task/{self._child.pid}/children", encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        self._child.kill()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until("no process of the cluster is left", lambda: not any(_runs(pid) for pid in children), 30)

    def start(self):
        if not self._launched():
            raise Unexpected("PostgreSQL starts again", self._child.written()[-3000:])

    def _settled(self):
        if self._child.exit_status() is not None:
            return "ended"
        asked = subprocess.run([f"{self._programs}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], cwd="/", check=False)
        return "ready" if asked.returncode == 0 else None

    def _run(self, argv, prefix=(), limit=120):
        done = subprocess.run([*prefix, *argv], cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit)
        if done.returncode != 0:
            raise Unexpected(f"{os.path.basename(argv[0])} succeeds", f"status {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, statement, database="postgres", separator="|", limit=120):
        """What psql prints, `separator` between the cells of a row. `limit`: seconds it may take."""
        return self._run([f"{self._programs}/psql", "-X", "-q", "-A", "-t", "-F", separator, "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database,
                          "-v", "ON_ERROR_STOP=1", "-c", statement], limit=limit)

    def create(self, name, template=None):
        self.sql(f'create database "{name}"' + (f' template "{template}"' if template else ""))

    def drop(self, name):
        self.sql(f'drop database if exists "{name}" with (force)')

    def copy_to(self, other, name):
        """The database `name`, on another server as well."""
        file = os.path.join(self._folder, "..", name + ".sql")
        self._run([f"{self._programs}/pg_dump", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-f", file, name])
        other.create(name)
        other._run([f"{self._programs}/psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(other.port), "-U", "postgres", "-d", name, "-v", "ON_ERROR_STOP=1", "-f", file])
        os.remove(file)

    def is_running(self):
        return self._child.exit_status() is None

    def url(self, name):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def close(self):
        if self._child is not None:
            self._child.send(signal.SIGQUIT)
            try:
                self._child.wait(30)
            except Unexpected:
                self._child.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
