"""An installation for load: workflows and a connector of its own, one server that does its work at once and one whose vendor can be a black hole.

The installation's server runs with `--noop-file`: each step at the quick server leaves its key there.
"""

import concurrent.futures
import os

from . import api
from .process import Unexpected, until
from .vendor import Vendor

REMOTE = """language: 1
connector: remote
driver: http
settings:
  base_url: { type: url, required: true }
operations:
  step:
    effect: sets
    request: { post: /effects, headers: { Idempotency-Key: "${attempt.key}" } }
    outcomes: [ { is: done, when: response.status == 200 } ]
"""
DELIVERY = """language: 1
workflow: delivery
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
  number: { type: int, required: true }
initial: working
states:
  working:
    status: pending
    steps:
      - ask: { call: remote.step, on_server: self.server, attempt_timeout: PT5S, timeout: P2D, retry: { for: P1D, delay: PT1S, max_delay: PT5S } }
    done:   { to: ready }
    failed: incident
  ready: { status: active, rest: true }
"""
COUNTER = """language: 1
workflow: counter
kind: service
attributes:
  count: { type: int, default: 0 }
  sum:   { type: int, default: 0 }
events:
  add: { allow: [staff], with: { number: { type: int, required: true } } }
initial: ready
states:
  ready:
    status: active
    rest: true
    on: { add: { set: { count: "${self.count + 1}", sum: "${self.sum + event.number}" } } }
"""
ERRAND = """language: 1
workflow: errand
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
  count:  { type: int, default: 0 }
events:
  add: { allow: [staff] }
defaults:
  call: { on_server: self.server }
initial: working
states:
  working:
    status: pending
    steps: [ { one: { call: noop.step } }, { two: { call: noop.step } }, { three: { call: noop.step } } ]
    done:   { to: ready }
    failed: incident
  ready:
    status: active
    rest: true
    on: { add: { set: { count: "${self.count + 1}" } } }
"""


def metric(it, name):
    """A value of /metrics; of a name without labels the sum over all of them. 0 when there is none."""
    lines = api.exchange(it.server.port, "GET", "/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + " ", name + "{")))


class Ground:
    def __init__(self, bench, settings=None, workflows=None):
        """`workflows`: more of them, name → text."""
        self.it = it = bench.installation()
        self.keys_file = os.path.join(it.folder, "keys")
        it.server.terminate()
        self._write("connectors", "remote", REMOTE)
        for name, text in {"delivery": DELIVERY, "counter": COUNTER, "errand": ERRAND, **(workflows or {})}.items():
            self._write("workflows", name, text)
        it.server.settings.update({"library.dirs": os.path.join(it.folder, "library"), "log.level": "warning", **(settings or {})})
        it.server.arguments = ["--noop-file", self.keys_file]
        self.vendor = Vendor(it.folder)
        try:
            it.server.start()
            self.quick = self._server("quick", "noop", {})
            self.remote = self._server("remote", "remote", {"base_url": self.vendor.url})
            self.customer = it.staff.items("/api/admin/customers")[0]["id"]
        except BaseException:
            self.vendor.close()
            raise

    def close(self):
        self.vendor.close()

    def _write(self, folder, name, text):
        path = os.path.join(self.it.folder, "library", folder)
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, name + ".yaml"), "w", encoding="utf-8") as file:
            file.write(text)

    def _server(self, name, connector, settings):
        return self.it.staff.post("/api/admin/servers", {"name": name, "connector": connector, "pool": name, "capacity": 0, "settings": settings}, 201)["id"]

    def create(self, workflow, attributes, status=201):
        """The id of a service."""
        return self.it.staff.post("/api/admin/services", self.body(workflow, attributes), status)["id"]

    def create_all(self, workflow, all_attributes):
        """The ids, in this order. Several at once, for each waits for its commit."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda attributes: self.create(workflow, attributes), all_attributes))

    def body(self, workflow, attributes):
        return {"workflow": workflow, "customer": self.customer, "attributes": attributes}

    def check_well(self, incidents=0):
        """Nobody is stuck, the doctor finds nothing, so many incidents are open."""
        it = self.it
        until("nobody is stuck", lambda: not it.staff.get("/api/admin/stuck")["items"], 30)
        report = it.staff.get("/api/admin/doctor")
        if not report["healthy"]:
            raise Unexpected("the doctor finds nothing", report)
        ready = api.exchange(it.server.port, "GET", "/readyz")
        if ready.status != 200:
            raise Unexpected("the server is ready", ready)
        found = it.staff.items("/api/admin/incidents?state=open")
        if len(found) != incidents:
            raise Unexpected(f"{incidents} open incidents", f"{len(found)}, the first: {found[:1]}")
