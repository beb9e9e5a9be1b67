"""An installation: one server on one database, with staff, two customers, a Proxmox server, a product, numbers and addresses.

Setting one up takes a second; so it is done once a program, and every case works on a copy of folder and database.
"""

import os
import shutil

from . import api, sandbox
from .process import Unexpected, until
from .server import CRASHED, Server

FIRST, LAST = 10_000, 10_019
ADDRESSES = [f"192.0.2.{n}" for n in range(10, 20)]
PRODUCT = {"cores": 2, "memory_mb": 2048, "disk_gb": 20, "image": "debian-13", "pool": "kvm"}


class Template:
    def __init__(self, bench):
        self._bench = bench
        self._copies = 0
        self.folder = os.path.join(bench.folder, "template")
        os.makedirs(self.folder)
        if bench.postgres:
            bench.postgres.create("template")
        first = Server(bench.binary, self.folder, self.settings("template", {}))
        self.staff = api.Login("/api/admin/login", "staff@example.com", first.make_account("staff@example.com", "staff"))
        self.customer = api.Login("/api/login", "customer@example.com", first.make_account("customer@example.com", "customer"))
        self.other = api.Login("/api/login", "other@example.com", first.make_account("other@example.com", "customer"))
        try:
            first.start()
            self._plant(api.Client(first, self.staff), api.Client(first, self.customer))
            if first.terminate() != 0:
                raise Unexpected("the server ends with status 0 after SIGTERM", first.exit_status())
        finally:
            first.close()

    def _plant(self, staff, customer):
        bench = self._bench
        server = {"name": "pve-test", "connector": "proxmox", "pool": "kvm", "capacity": 50,
                  "settings": {"base_url": bench.sandbox.url, "token_id": sandbox.TOKEN_ID, "token": sandbox.TOKEN, "template_node": "pve1",
                               "images": {"debian-13": 9000}}}
        staff.expect(201, "POST", "/api/admin/servers", server)
        staff.expect(201, "POST", "/api/admin/id-ranges", {"name": "vmid", "first": FIRST, "last": LAST})
        staff.expect(201, "POST", "/api/admin/addresses", {"pool": "kvm", "addresses": ADDRESSES})
        self.product = staff.expect(201, "POST", "/api/admin/products", {"name": "VPS M", "workflow": "proxmox-vm", "attributes": PRODUCT})["id"]
        customer.get("/api/client/services")  # logs in

    def settings(self, database, more):
        bench = self._bench
        settings = {"sandbox.enabled": "true", "sandbox.control": bench.sandbox.url, **more}
        if bench.postgres:
            settings["database.url"] = bench.postgres.url(database)
        return settings

    def copy(self, crash_at=None, settings=None):
        """A fresh installation, started."""
        self._copies += 1
        name = f"case{self._copies}"
        folder = os.path.join(self._bench.folder, name)
        shutil.copytree(os.path.join(self.folder, "data"), os.path.join(folder, "data"))
        if self._bench.postgres:
            self._bench.postgres.create(name, "template")
        made = Installation(self._bench, self, name, folder, self.settings(name, settings or {}))
        self._bench.current = made
        made.server.start(crash_at)
        return made


class Installation:
    def __init__(self, bench, template, name, folder, settings):
        self.bench = bench
        self.name = name
        self.folder = folder
        self.product = template.product
        self.sandbox = bench.sandbox
        self.server = Server(bench.binary, folder, settings)
        self.staff = api.Client(self.server, template.staff, self.revive)
        self.customer = api.Client(self.server, template.customer, self.revive)
        self.other = api.Client(self.server, template.other, self.revive)
        self.crashes = 0
        self.crash_plan = []  # where the next servers end in their turn
        self.watched = []  # (kind, id) whose journals a failure shows

    def revive(self):
        """After a crash on purpose: the server is started again. Every other end is a failure."""
        if self.server.is_running():
            return False
        if self.server.exit_status() != CRASHED:
            raise Unexpected(f"the server runs, or was ended on purpose with status {CRASHED}", f"it ended with status {self.server.exit_status()}")
        self.crashes += 1
        self.server.start(self.crash_plan.pop(0) if self.crash_plan else None)
        return True

    def close(self):
        self.server.close()
        if self.bench.postgres:
            self.bench.postgres.drop(self.name)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- services
    def order(self, hostname="v1.example.com", key=None):
        """Places an order; the id of its service."""
        taken = self.customer.post("/api/client/orders", {"product": self.product, "config": {"hostname": hostname}}, 201, key)
        service = taken["service"]
        for kind, actor in (("orders", taken["order"]), ("services", service)):
            if (kind, actor) not in self.watched:
                self.watched.append((kind, actor))
        return service

    def service(self, service):
        return self.staff.get(f"/api/admin/services/{service}")

    def command(self, service, name, body=None, status=202, key=None, by=None):
        """A command of staff unless `by` says otherwise."""
        who = by or self.staff
        area = "admin" if who is self.staff else "client"
        return who.post(f"/api/{area}/services/{service}/commands/{name}", body or {}, status, key)

    def until(self, service, state, step="PT5S", limit=90.0):
        """Moves the clock whenever nothing moves by itself, until the service is in this state, and, where it waits in it, does no
        work in place. An incident ends the waiting."""
        what = f"{service} comes to state {state}"
        waits = state in ("active", "suspended")
        return self.follow(what, service, lambda now: now if now["state"] == state and not (waits and now["run"]) else None, step, limit)

    def follow(self, what, service, look, step="PT5S", limit=90.0):
        seen = None

        def once():
            nonlocal seen
            now = self.service(service)
            found = look(now)
            if found:
                return found
            if now["run"] and now["run"]["incident"]:
                raise Unexpected(what, f"it is held in state {now['state']} by {self.staff.get('/api/admin/incidents/' + now['run']['incident'])}")
            if now["version"] == seen:
                self.staff.advance(step)
            seen = now["version"]
            return None

        try:
            return until(what, once, limit)
        except Unexpected as problem:
            if "not within" in str(problem):
                raise Unexpected(what, f"after {limit:g} s: {self.service(service)}") from None
            raise

    def until_order(self, service, state):
        """What a service tells its order arrives a moment later."""
        order = self.service(service)["order"]
        return until(f"the order of {service} comes to state {state}", lambda: self.staff.get(f"/api/admin/orders/{order}")["state"] == state)

    def until_incident(self, service, step="PT5S", limit=90.0):
        """The open incident that holds the service's run."""
        seen = None

        def once():
            nonlocal seen
            now = self.service(service)
            if now["run"] and now["run"]["incident"]:
                return self.staff.get("/api/admin/incidents/" + now["run"]["incident"])
            if now["version"] == seen:
                self.staff.advance(step)
            seen = now["version"]
            return None

        return until(f"a run of {service} is held by an incident", once, limit)

    def remedy(self, incident, remedy, body=None, status=202):
        return self.staff.expect(status, "POST", f"/api/admin/incidents/{incident['id']}/{remedy}", {"note": "a test", **(body or {})})

    def journal(self, kind, actor):
        """Every entry, oldest first."""
        entries, after = [], 0
        while True:
            page = self.staff.get(f"/api/admin/{kind}/{actor}/journal?limit=500&after={after}")
            entries += page["items"]
            if not page["next"]:
                return entries
            after = page["next"]

    def notifications(self, actor):
        """Names of the notifications of one actor, oldest first."""
        rows = [row for row in self.staff.items("/api/admin/outbox") if row["actor"] == actor and row["type"] == "notification"]
        return [row["data"]["template"] for row in sorted(rows, key=lambda row: row["at"])]
