"""A vendor over HTTP that can be a black hole: it accepts and reads everything and answers nothing, until it is told to answer.

POST /effects with an Idempotency-Key has its effect, one line in a file, at the moment in which it is answered; what still waits when the hole closes
is answered then. Runs as a process of its own, so that the test's own work does not slow it down.
"""

import http.client
import json
import os
import select
import socket
import sys

from .process import Child

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Vendor:
    def __init__(self, folder):
        """Answers at first."""
        self.effects_file = os.path.join(folder, "effects")
        self._child = Child("the vendor", [sys.executable, "-B", "-m", "harness.vendor", self.effects_file], os.path.join(folder, "vendor.log"),
                            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.port = self._child.number_after("vendor: listening on port ")
        self.url = f"http://127.0.0.1:{self.port}"

    def swallow(self):
        """From now on nothing is answered."""
        self._control("swallow")

    def answer(self):
        self._control("answer")

    def calls(self):
        """How many requests came to it, answered or not."""
        return self._control("count")["calls"]

    def effects(self):
        """The keys, in the order of their effects."""
        with open(self.effects_file, encoding="ascii") as file:
            return file.read().splitlines()

    def close(self):
        self._child.kill()

    def _control(self, what):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/_control/" + what)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


class _Connection:
    def __init__(self, channel):
        self.channel = channel
        self.read = bytearray()
        self.held = None  # the key of the request that waits for its answer


class _Server:
    def __init__(self, effects_file):
        self._effects = os.open(effects_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self._connections = {}
        self._swallows = False
        self._calls = 0
        print(f"vendor: listening on port {self._listener.getsockname()[1]}", flush=True)

    def serve(self):
        while True:
            for number, _ in self._poll.poll():
                if number == self._listener.fileno():
                    self._accept()
                else:
                    self._hear(number)

    def _accept(self):
        channel, _ = self._listener.accept()
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[channel.fileno()] = _Connection(channel)
        self._poll.register(channel, select.EPOLLIN)

    def _hear(self, number):
        connection = self._connections[number]
        try:
            data = connection.channel.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            return self._forget(number)
        connection.read += data
        end = connection.read.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = connection.read[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        end += 4 + int(headers.get("content-length", 0))
        if len(connection.read) < end:
            return None
        del connection.read[:end]
        path = lines[0].split(" ")[1]
        if path.startswith("/_control/"):
            return self._obey(connection, path.rsplit("/", 1)[1])
        self._calls += 1
        connection.held = headers["idempotency-key"]
        if not self._swallows:
            self._have_effect(connection)
        return None

    def _obey(self, connection, what):
        if what != "count":
            self._swallows = what == "swallow"
        if what == "answer":
            for held in [other for other in self._connections.values() if other.held is not None]:
                self._have_effect(held)
        body = json.dumps({"calls": self._calls}).encode()
        connection.channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def _have_effect(self, connection):
        os.write(self._effects, connection.held.encode("ascii") + b"\n")
        connection.held = None
        try:
            connection.channel.sendall(ANSWER)
        except ConnectionError:
            pass  # who asked has gone; the effect is there

    def _forget(self, number):
        self._poll.unregister(number)
        self._connections.pop(number).channel.close()


if __name__ == "__main__":
    _Server(sys.argv[1]).serve()
