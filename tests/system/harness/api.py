"""The API as a client sees it: requests that are repeated with the same Idempotency-Key until they are answered."""

import http.client
import json
import time
import urllib.parse
import uuid

from .process import Unexpected, pause

LOST = (ConnectionError, http.client.HTTPException, TimeoutError, OSError)
FRESH = 600.0  # tokens live for 15 minutes


class Answer:
    def __init__(self, status, headers, text):
        self.status = status
        self.headers = headers
        self.text = text
        try:
            self.body = json.loads(text) if text else None
        except ValueError:
            self.body = None

    def __repr__(self):
        return f"{self.status} {self.text[:1500]}"

    def __getitem__(self, name):
        return self.body[name]

    def reason(self):
        """The last part of a problem's type: "busy", "not_found"…"""
        return self.body["type"].rsplit("/", 1)[1] if isinstance(self.body, dict) and "type" in self.body else None

    def pointers(self):
        return [error["pointer"] for error in (self.body or {}).get("errors", [])]


def exchange(port, method, path, body=None, headers=None, timeout=60.0):
    """One request on a connection of its own. `body`: bytes as they are, anything else as JSON. Raises what LOST names."""
    if port is None:
        raise ConnectionRefusedError("no server listens")
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read().decode("utf-8", "replace"))
    finally:
        connection.close()


class Login:
    """A token that is renewed before it runs out. Copies of one installation share it: they have the same key."""

    def __init__(self, path, email, password):
        self.path = path
        self.email = email
        self.password = password
        self.token = None
        self.user = None
        self._at = 0.0

    def is_fresh(self):
        return self.token is not None and time.monotonic() - self._at < FRESH

    def take(self, answer):
        if answer.status != 200:
            raise Unexpected(f"{self.email} logs in", answer)
        self.token, self.user, self._at = answer["token"], answer["user"]["id"], time.monotonic()


class Client:
    """`server`: has a port. `revive`: brings a server that crashed on purpose back, or returns False when it runs."""

    def __init__(self, server, login, revive=lambda: False):
        self._server = server
        self._login = login
        self._revive = revive

    def send(self, method, path, body=None, key=None, headers=None, limit=60.0):
        """The answer. A request without an answer is repeated: reads and those with a key change nothing twice."""
        sent = {"Authorization": "Bearer " + self.token(limit), **({"Idempotency-Key": key} if key else {}), **(headers or {})}
        return self._repeated(method, path, body, sent, method == "GET" or key is not None, limit)

    def token(self, limit=60.0):
        if not self._login.is_fresh():
            self._login.take(self._repeated("POST", self._login.path, {"email": self._login.email, "password": self._login.password}, {}, True, limit))
        return self._login.token

    def _repeated(self, method, path, body, headers, may_repeat, limit):
        end = time.monotonic() + limit
        while True:
            try:
                answer = exchange(self._server.port, method, path, body, headers, limit)
                # a twin of this request is still under way, or the engine is just coming up: both say "try again"
                if not (may_repeat and (answer.status == 503 or (answer.status == 409 and answer.reason() == "in_progress"))):
                    return answer
                lost = answer
            except LOST as problem:
                lost = f"{type(problem).__name__}: {problem}"
                if not may_repeat:
                    raise
                self._revive()
            if time.monotonic() > end:
                raise Unexpected(f"{method} {path} is answered within {limit:g} s", lost)
            pause()

    def expect(self, status, method, path, body=None, key=None, headers=None):
        answer = self.send(method, path, body, key, headers)
        if answer.status != status:
            raise Unexpected(f"{method} {path} {json.dumps(body)[:500] if not isinstance(body, bytes) else body[:500]} → {status}", answer)
        return answer

    def get(self, path):
        return self.expect(200, "GET", path).body

    def items(self, path):
        """All pages of a list."""
        found, after = [], None
        while True:
            query = urllib.parse.urlencode({"limit": 200, **({"after": after} if after else {})})
            page = self.get(path + ("&" if "?" in path else "?") + query)
            found += page["items"]
            after = page.get("next")
            if not after:
                return found

    def post(self, path, body, status, key=None):
        """A change under a key of its own unless one is given."""
        return self.expect(status, "POST", path, body, key or uuid.uuid4().hex)

    def advance(self, span):
        """Moves the clock of server and sandbox; once more when the answer is lost, which only moves it further."""
        return self.post("/api/sandbox/clock", {"advance": span}, 200).body
