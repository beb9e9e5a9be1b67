"""Commands as fast as they can be sent: raw sockets, kept alive, up to 64 requests under way on each, from several processes.

What each number in the span of a sender asks for follows from the number alone, so that the answers can be compared with the database afterwards:
even ones create a delivery that bears the number, odd ones add the number to a counter, one in four of both carries an Idempotency-Key.
"""

import collections
import json
import os
import select
import socket
import sys
import time

from .process import Child, Unexpected

DEPTH = 64  # the server reads no more of a connection than this
KEPT = 50  # refused requests that are told one by one
KEYED = "Idempotency-Key: %s\r\n"
TOKEN_FOR = 20_000  # requests are sent with a token before the file is read again


class Senders:
    """Several processes, each with a part of `count` numbers."""

    def __init__(self, folder, port, token, delivery, counters, count, processes=2, connections=96):
        """`delivery`: the body that creates one, with %d for its number; `counters`: ids of those to whom is added."""
        self._token_file = os.path.join(folder, "token")
        self.renew(token)
        self._results = [os.path.join(folder, f"sent{part}.json") for part in range(processes)]
        self._children = []
        for part, result in enumerate(self._results):
            job = {"port": port, "token": self._token_file, "delivery": delivery, "counters": counters, "first": count * part // processes,
                   "last": count * (part + 1) // processes, "connections": connections, "result": result}
            path = os.path.join(folder, f"send{part}.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(job, file)
            self._children.append(Child(f"sender {part}", [sys.executable, "-B", "-m", "harness.sender", path], os.path.join(folder, f"sender{part}.log"),
                                        cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

    def renew(self, token):
        """The token for what is sent from now on."""
        with open(self._token_file + ".new", "w", encoding="ascii") as file:
            file.write(token)
        os.replace(self._token_file + ".new", self._token_file)

    def ended(self):
        """Whether all have sent everything. Unexpected when one failed."""
        for child in self._children:
            if child.exit_status() not in (None, 0):
                raise Unexpected(f"{child.name} sends everything", child.written()[-3000:])
        return all(child.exit_status() == 0 for child in self._children)

    def told(self):
        """What all of them were told, together."""
        parts = []
        for result in self._results:
            with open(result, encoding="utf-8") as file:
                parts.append(json.load(file))
        sums = collections.Counter()
        for part in parts:
            sums.update(part["answers"])
        added = collections.defaultdict(lambda: [0, 0])
        for part in parts:
            for counter, (count, total) in part["added"].items():
                added[counter][0] += count
                added[counter][1] += total
        return Told(dict(sums), [n for part in parts for n in part["created"]], dict(added), [n for part in parts for n in part["refused_with_key"]],
                    [text for part in parts for text in part["odd"]], max(part["longest_retry_after"] for part in parts), max(part["seconds"] for part in parts))

    def close(self):
        for child in self._children:
            child.kill()


class Told:
    def __init__(self, answers, created, added, refused_with_key, odd, longest_retry_after, seconds):
        self.answers = answers  # "201", "429 tenant_busy" … → how often
        self.created = created  # numbers
        self.added = added  # id of the counter → [how many, their sum]
        self.refused_with_key = refused_with_key  # some numbers
        self.odd = odd  # answers that nobody should get
        self.longest_retry_after = longest_retry_after
        self.seconds = seconds

    def count(self, status):
        return sum(count for name, count in self.answers.items() if name.split()[0] == status)


def key_of(number):
    """None for those without one."""
    return f"flood-{number}" if number // 2 % 4 == 0 else None


def request_of(number, token, delivery, counters):
    """Its bytes."""
    if number % 2 == 0:
        path, body = "/api/admin/services", delivery % number
    else:
        path, body = f"/api/admin/services/{counters[number // 2 % len(counters)]}/commands/add", '{"number":%d}' % number
    key = key_of(number)
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"{KEYED % key if key else ''}Content-Length: {len(body)}\r\n\r\n{body}").encode("ascii")


class _Connection:
    def __init__(self, port):
        self.channel = socket.create_connection(("127.0.0.1", port))
        self.channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.channel.setblocking(False)
        self.unsent = b""
        self.read = b""
        self.under_way = collections.deque()


class _Sender:
    def __init__(self, job):
        self._job = job
        self._next = job["first"]
        self._answers = collections.Counter()
        self._created = []
        self._added = collections.defaultdict(lambda: [0, 0])
        self._refused_with_key = []
        self._odd = []
        self._longest = 0
        self._token = None
        self._ended = 0

    def run(self):
        began = time.monotonic()
        poll, connections = select.epoll(), {}
        for _ in range(self._job["connections"]):
            made = _Connection(self._job["port"])
            connections[made.channel.fileno()] = made
            self._send(made)
            poll.register(made.channel, select.EPOLLIN | (select.EPOLLOUT if made.unsent else 0))
        while self._ended < self._job["last"] - self._job["first"]:
            for number, events in poll.poll(120):
                connection = connections[number]
                if events & ~select.EPOLLOUT:
                    self._hear(connection)
                had = bool(connection.unsent)
                self._send(connection)
                if had or connection.unsent:
                    poll.modify(number, select.EPOLLIN | (select.EPOLLOUT if connection.unsent else 0))
        return {"answers": self._answers, "created": self._created, "added": self._added, "refused_with_key": self._refused_with_key, "odd": self._odd,
                "longest_retry_after": self._longest, "seconds": time.monotonic() - began}

    def _send(self, connection):
        if not connection.unsent and len(connection.under_way) <= DEPTH // 2:
            pieces = []
            while len(connection.under_way) < DEPTH and self._next < self._job["last"]:
                if (self._next - self._job["first"]) % TOKEN_FOR == 0:
                    with open(self._job["token"], encoding="ascii") as file:
                        self._token = file.read()
                pieces.append(request_of(self._next, self._token, self._job["delivery"], self._job["counters"]))
                connection.under_way.append(self._next)
                self._next += 1
            connection.unsent = b"".join(pieces)
        if connection.unsent:
            try:
                connection.unsent = connection.unsent[connection.channel.send(connection.unsent):]
            except BlockingIOError:
                pass  # the server reads again when it has answered

    def _hear(self, connection):
        data = connection.channel.recv(262144)
        if not data:
            raise Unexpected(f"{len(connection.under_way)} requests on a connection are answered", "the server closed it")
        data = connection.read + data
        at = 0
        while True:
            end = data.find(b"\r\n\r\n", at)
            if end < 0:
                break
            length = data.index(b"Content-Length: ", at, end) + 16
            after = end + 4 + int(data[length:data.index(b"\r\n", length)])
            if after > len(data):
                break
            self._take(connection.under_way.popleft(), data[at + 9:at + 12].decode("ascii"), data[at:end], data[end + 4:after])
            at = after
        connection.read = data[at:]

    def _take(self, number, status, head, body):
        self._ended += 1
        if status in ("201", "202"):
            self._answers[status] += 1
            if number % 2 == 0:
                self._created.append(number)
            else:
                added = self._added[self._job["counters"][number // 2 % len(self._job["counters"])]]
                added[0] += 1
                added[1] += number
            return
        reason = body.split(b'"type":"/problems/', 1)[-1].split(b'"', 1)[0].decode("ascii", "replace")
        self._answers[f"{status} {reason}"] += 1
        at = head.find(b"\r\nRetry-After: ")
        wait = int(head[at + 15:].split(b"\r\n", 1)[0]) if at >= 0 else 0
        self._longest = max(self._longest, wait)
        if status not in ("429", "503") or wait < 1 or reason == "outcome_unknown":
            if len(self._odd) < KEPT:
                self._odd.append((head + b"\r\n\r\n" + body).decode("utf-8", "replace"))
        elif key_of(number) and len(self._refused_with_key) < KEPT:
            self._refused_with_key.append(number)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as _file:
        _job = json.load(_file)
    _result = _Sender(_job).run()
    with open(_job["result"], "w", encoding="utf-8") as _file:
        json.dump(_result, _file)
