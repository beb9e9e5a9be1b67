"""A TCP relay before PostgreSQL that knows its protocol well enough to break a connection around COMMIT.

Ways: "before" the server hears COMMIT (the transaction is rolled back); "sent", right after it was sent on, whatever the server makes of it;
"answered", when the server has answered and the client has not heard it; "late", the answer comes after a second; "between", at any other message.
"""

import collections
import socket
import threading
import time

CHUNK = 65536
LATE = 1.0


class Torn(Exception):
    """This connection has been broken on purpose."""


class Pair:
    def __init__(self, client, server):
        self.client = client
        self.server = server
        self.way = None  # what the answer to a COMMIT under way will meet

    def close(self):
        for side in (self.client, self.server):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other side was faster


class CommitProxy:
    """`draw(is_commit)`: a way, or None to let the message pass; asked from several threads."""

    def __init__(self, port, draw):
        self._target = port
        self._draw = draw
        self.struck = collections.Counter()
        self.commits = 0
        self._lock = threading.Lock()
        self._pairs = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        finally:
            self._listener.close()
        for pair in list(self._pairs):
            pair.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = Pair(client, server)
            self._pairs.add(pair)
            for carry in (self._carry_questions, self._carry_answers):
                threading.Thread(target=self._run, args=(carry, pair), daemon=True).start()

    def _run(self, carry, pair):
        try:
            carry(pair)
        except (OSError, Torn):
            pass  # over; both ends hear of it
        finally:
            pair.close()
            self._pairs.discard(pair)

    def _strike(self, pair, way):
        with self._lock:
            self.struck[way] += 1
        pair.close()
        raise Torn

    def _carry_questions(self, pair):
        buffer = bytearray()
        started = False  # the first message has no type
        while data := pair.client.recv(CHUNK):
            buffer += data
            while len(buffer) >= 5:
                length = int.from_bytes(buffer[1:5], "big") + 1 if started else int.from_bytes(buffer[:4], "big")
                if len(buffer) < length:
                    break
                message = bytes(buffer[:length])
                del buffer[:length]
                if started:
                    self._question(pair, message)
                else:
                    started = True
                    pair.server.sendall(message)

    def _question(self, pair, message):
        is_commit = message[:1] == b"Q" and message[5:].rstrip(b"\0; ").strip().lower() == b"commit"
        with self._lock:
            self.commits += is_commit
            way = self._draw(is_commit)
        if way in ("before", "between"):
            self._strike(pair, way)
        if way in ("answered", "late"):
            pair.way = way
        pair.server.sendall(message)
        if way == "sent":
            self._strike(pair, way)

    def _carry_answers(self, pair):
        while data := pair.server.recv(CHUNK):
            way, pair.way = pair.way, None
            if way == "answered":
                if b"COMMIT\0" not in data:  # a client waits for one answer before it asks again
                    raise AssertionError(f"an answer to COMMIT is expected, not {data[:80]!r}")
                self._strike(pair, way)
            if way == "late":
                with self._lock:
                    self.struck[way] += 1
                time.sleep(LATE)
            pair.client.sendall(data)
