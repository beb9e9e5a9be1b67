"""Hostile and mistaken requests on every route: refused with a problem document that names the field, and nothing has changed."""

import json
import os
import socket
import time

from harness import program, tokens, world
from harness.api import exchange
from harness.installation import PRODUCT
from harness.process import Unexpected

UNKNOWN = "01m7ye7fbre009j5g54eznsa4r"
SERVER = {"name": "pve-2", "connector": "proxmox", "pool": "kvm", "capacity": 5,
          "settings": {"base_url": "https://pve.example.com:8006", "token_id": "a@pve!b", "token": "t", "template_node": "pve1", "images": {"debian-13": 9000}}}

# method, path, who may, a body that would be taken
ROUTES = [
    ("GET", "/api/admin/products", "staff", None),
    ("POST", "/api/admin/products", "staff", {"name": "VPS L", "workflow": "proxmox-vm", "attributes": PRODUCT}),
    ("GET", "/api/admin/servers", "staff", None),
    ("POST", "/api/admin/servers", "staff", SERVER),
    ("POST", "/api/admin/id-ranges", "staff", {"name": "vmid2", "first": 20000, "last": 20010}),
    ("POST", "/api/admin/addresses", "staff", {"pool": "kvm2", "addresses": ["192.0.2.100"]}),
    ("GET", "/api/admin/leases", "staff", None),
    ("GET", "/api/admin/workflows", "staff", None),
    ("GET", "/api/admin/outbox", "staff", None),
    ("GET", "/api/admin/stuck", "staff", None),
    ("GET", "/api/admin/stuck-actors", "staff", None),
    ("GET", "/api/admin/doctor", "staff", None),
    ("GET", "/api/admin/incidents", "staff", None),
    ("GET", "/api/admin/incidents/{inc}", "staff", None),
    ("POST", "/api/admin/incidents/{inc}/retry", "staff", {"note": "n"}),
    ("POST", "/api/client/orders", "customer", {"product": "{product}", "config": {"hostname": "v9.example.com"}}),
    ("GET", "/api/client/orders/{ord}", "customer", None),
    ("POST", "/api/admin/orders", "staff", {"product": "{product}", "customer": "{customer}", "config": {"hostname": "v9.example.com"}}),
    ("GET", "/api/admin/orders/{ord}", "staff", None),
    ("GET", "/api/admin/orders/{ord}/journal", "staff", None),
    ("GET", "/api/admin/orders/{ord}/runs", "staff", None),
    ("GET", "/api/admin/runs/{run}", "staff", None),
    ("GET", "/api/admin/runs/{run}/attempts", "staff", None),
    ("GET", "/api/client/services", "customer", None),
    ("GET", "/api/client/services/{svc}", "customer", None),
    ("POST", "/api/client/services/{svc}/commands/start", "customer", {}),
    ("GET", "/api/admin/services", "staff", None),
    ("POST", "/api/admin/services", "staff", {"workflow": "proxmox-vm", "customer": "{customer}", "attributes": {"hostname": "v9.example.com"}}),
    ("GET", "/api/admin/services/{svc}", "staff", None),
    ("GET", "/api/admin/services/{svc}/journal", "staff", None),
    ("GET", "/api/admin/services/{svc}/runs", "staff", None),
    ("POST", "/api/admin/services/{svc}/commands/suspend", "staff", {"reason": "abuse", "note": "n"}),
    ("POST", "/api/admin/services/{svc}/commands/terminate", "staff", {"reason": "r"}),
    ("POST", "/api/tickets", "customer", {"subject": "s", "body": "b"}),
    ("POST", "/api/client/tickets", "customer", {"subject": "s", "body": "b"}),
    ("GET", "/api/client/tickets", "customer", None),
    ("GET", "/api/client/tickets/{tkt}", "customer", None),
    ("POST", "/api/client/tickets/{tkt}/reply", "customer", {"body": "b"}),
    ("POST", "/api/client/tickets/{tkt}/commands/close", "customer", {}),
    ("POST", "/api/admin/tickets", "staff", {"subject": "s", "body": "b", "customer": "{customer}"}),
    ("GET", "/api/admin/tickets", "staff", None),
    ("GET", "/api/admin/tickets/{tkt}", "staff", None),
    ("GET", "/api/admin/tickets/{tkt}/journal", "staff", None),
    ("POST", "/api/admin/tickets/{tkt}/reply", "staff", {"body": "b"}),
    ("POST", "/api/admin/tickets/{tkt}/close", "staff", {}),
    ("POST", "/api/admin/tickets/{tkt}/commands/set_priority", "staff", {"priority": "low"}),
    ("POST", "/api/sandbox/clock", "staff", {"advance": "PT1S"}),
]

# path, field as a pointer, values that must be refused there
FIELDS = [
    ("/api/tickets", "/subject", [7, True, None, [], {}, "", "x" * 201]),
    ("/api/tickets", "/body", [7, None, [], "", "x" * 20001]),
    ("/api/tickets", "/priority", ["highest", 7, []]),
    ("/api/tickets", "/department", [7, {}, "x" * 65]),
    ("/api/tickets", "/service", [7, "svc_" + UNKNOWN, "' or 1=1 --"]),
    ("/api/tickets", "/colour", ["green"]),
    ("/api/client/tickets/{tkt}/reply", "/body", [7, None, [], "", "x" * 20001]),
    ("/api/client/tickets/{tkt}/reply", "/internal", [True]),
    ("/api/admin/tickets", "/customer", [7, "", None, "cus_" + UNKNOWN, "' or 1=1 --"]),
    ("/api/admin/tickets/{tkt}/commands/set_priority", "/priority", ["highest", 7, None]),
    ("/api/client/orders", "/product", [7, None, "", {}, "prd_" + UNKNOWN, "' or 1=1 --"]),
    ("/api/client/orders", "/config", [7, [], "x"]),
    ("/api/client/orders", "/config/hostname", [7, None, "", "-bad-", "a b.example.com", "x" * 300, "v1.example.com\n", "\u0000"]),
    ("/api/client/orders", "/config/cores", [64]),
    ("/api/client/orders", "/config/workflow", ["ticket"]),
    ("/api/client/orders", "/config/service", ["svc_" + UNKNOWN]),
    ("/api/client/orders", "/config/colour", ["green"]),
    ("/api/client/orders", "/customer", ["cus_" + UNKNOWN]),
    ("/api/client/orders", "/colour", ["green"]),
    ("/api/admin/orders", "/customer", [7, "", "cus_" + UNKNOWN]),
    ("/api/admin/services", "/workflow", [7, "", None, "nope", "ticket", "order"]),
    ("/api/admin/services", "/customer", [7, "", None, "cus_" + UNKNOWN]),
    ("/api/admin/services", "/attributes", [7, []]),
    ("/api/admin/services", "/attributes/hostname", [7, None, "", "-bad-"]),
    ("/api/admin/services", "/attributes/cores", ["two", 0, 65, 1.5, -1, 2**70, True]),
    ("/api/admin/services", "/attributes/colour", ["green"]),
    ("/api/admin/services/{svc}/commands/suspend", "/reason", [7, None, "", "because", []]),
    ("/api/admin/services/{svc}/commands/suspend", "/note", [7, "x" * 2001]),
    ("/api/admin/services/{svc}/commands/suspend", "/colour", ["green"]),
    ("/api/admin/services/{svc}/commands/terminate", "/reason", [7, None, "", "x" * 2001]),
    ("/api/admin/products", "/name", [7, None, "", "x" * 201]),
    ("/api/admin/products", "/workflow", [7, None, "", "nope", "ticket"]),
    ("/api/admin/products", "/attributes", [7, []]),
    ("/api/admin/servers", "/name", [7, None, ""]),
    ("/api/admin/servers", "/connector", [7, None, "", "proxmux"]),
    ("/api/admin/servers", "/capacity", ["many", -1, 10**9, 1.5]),
    ("/api/admin/servers", "/settings", [7, []]),
    ("/api/admin/servers", "/settings/base_url", [7, None, "not a url", "file:///etc/passwd"]),
    ("/api/admin/servers", "/settings/images", [7, "x"]),
    ("/api/admin/servers", "/settings/colour", ["green"]),
    ("/api/admin/id-ranges", "/name", [7, None, ""]),
    ("/api/admin/id-ranges", "/first", ["a", 1.5, None, -1]),
    ("/api/admin/id-ranges", "/last", ["a", 1.5, None, 1]),
    ("/api/admin/addresses", "/pool", [7, None, ""]),
    ("/api/admin/addresses", "/addresses", [7, None, [], "192.0.2.1", [7], ["nonsense"], ["192.0.2.256"], ["192.0.2.101", 7]]),
    ("/api/sandbox/clock", "/advance", [7, None, "", "3 days", "-PT5S", "P9999999D"]),
    ("/api/login", "/email", [7, None, ""]),
    ("/api/login", "/password", [7, None, "", "x" * 5000]),
]

BODIES = [b"{", b"nul", b"{\"a\":}", b"[]", b"\"text\"", b"null", b"7", b"\xff\xfe\x00", b"{\"subject\": \"\xff\"}", b"{\"a\": 1e99999}", b"{\"a\": NaN}", b"{'a': 1}", b"{\"a\": 1} x",
          b"[" * 2000 + b"]" * 2000, b"{\"a\":" * 500 + b"1" + b"}" * 500, b"<xml/>"]
IDS = ["x", "svc_", "svc_%00", "%2e%2e%2fproducts", "..%5c..", "svc_" + UNKNOWN, "SVC_" + UNKNOWN.upper(), "' or 1=1 --".replace(" ", "%20"), "svc_" + "0" * 3000, "%F0%9F%92%A3",
       "svc_zzzzzzzzzzzzzzzzzzzzzzzzzz", "%ff%fe"]


class World:
    """An installation with an active service, its order and run, a ticket, and a closed incident; of a customer whose neighbour sees none of them."""

    def __init__(self, bench):
        self.it = it = bench.installation()
        service = it.order()
        it.sandbox.fault("status", "start", status=500, reason="no KVM", times=1)
        it.command(service, "paid")
        incident = it.until_incident(service)
        it.remedy(incident, "retry")
        it.until(service, "active")
        it.until_order(service, "completed")
        ticket = it.customer.post("/api/tickets", {"subject": "s", "body": "b"}, 201)["id"]
        now = it.service(service)
        self.names = {"svc": service, "ord": now["order"], "customer": now["customer"], "tkt": ticket, "inc": incident["id"], "product": it.product,
                      "run": it.staff.items(f"/api/admin/services/{service}/runs")[0]["id"]}
        self.clients = {"staff": it.staff, "customer": it.customer}
        self.before = self.look()

    def look(self):
        it, names = self.it, self.names
        lists = {path: it.staff.items(path) for path in ("/api/admin/services", "/api/admin/tickets", "/api/admin/products", "/api/admin/servers", "/api/admin/incidents",
                                                         "/api/admin/outbox")}
        lists["leases"] = it.staff.get("/api/admin/leases")
        lists["guests"] = it.sandbox.guests()
        for kind, name in (("services", "svc"), ("orders", "ord"), ("tickets", "tkt")):
            lists[kind] = it.journal(kind, names[name])
        lists["messages"] = it.staff.get(f"/api/admin/tickets/{names['tkt']}")["messages"]
        return lists

    def check_unchanged(self):
        after = self.look()
        for name, value in self.before.items():
            world.same(f"{name} after all these requests", value, after[name])
        world.check_calm(self.it)

    def fill(self, text):
        for name, value in self.names.items():
            text = text.replace("{" + name + "}", value)
        return text

    def body(self, body):
        return None if body is None else json.loads(self.fill(json.dumps(body)))

    def raw(self, method, path, body=None, headers=None):
        return exchange(self.it.server.port, method, path, body, headers, 30)

    def bearer(self, who):
        return {"Authorization": "Bearer " + self.clients[who].token()}


def check_problem(what, answer, statuses, pointer=None):
    if answer.status not in statuses:
        raise Unexpected(f"{what} → {statuses}", answer)
    body = answer.body
    if answer.headers.get("content-type", "").split(";")[0] != "application/problem+json" or not isinstance(body, dict) or body.get("status") != answer.status:
        raise Unexpected(f"{what} → a problem document", f"{answer.headers} {answer}")
    for member in ("type", "title", "detail"):
        if not isinstance(body.get(member), str) or not body[member]:
            raise Unexpected(f"{what} → a problem document with {member}", answer)
    if pointer is not None and not any(found == pointer or found.startswith(pointer + "/") for found in answer.pointers()):
        raise Unexpected(f"{what} → a problem with pointer {pointer}", answer)


def with_member(body, pointer, value):
    """A copy of `body` whose member at the pointer is `value`."""
    copy = json.loads(json.dumps(body))
    place = copy
    *way, last = pointer[1:].split("/")
    for name in way:
        place = place.setdefault(name, {})
    place[last] = value
    return copy


def without_a_right_token_nothing_is_answered(bench):
    here = World(bench)
    good = here.it.customer.token()
    header, claims = tokens.parts(good)
    kid, seed = tokens.read_key(os.path.join(here.it.folder, "data", "signing.key"))
    own = tokens.make(seed, header, claims)
    world.same("a token made by hand with the server's key is taken", 200, here.raw("GET", "/api/client/services", headers={"Authorization": f"Bearer {own}"}).status)
    signed, signature = good.rsplit(".", 1)
    flipped = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    wrong = {
        "none at all": None, "another scheme": f"Basic {good}", "no token": "Bearer ", "text": "Bearer abc", "two parts": f"Bearer {signed}", "four parts": f"Bearer {good}.x",
        "a changed signature": f"Bearer {signed}.{flipped}", "no signature": f"Bearer {signed}.",
        "alg none": "Bearer " + tokens.make(None, {**header, "alg": "none"}, claims), "alg none with a signature": "Bearer " + tokens.make(seed, {**header, "alg": "none"}, claims),
        "alg HS256": "Bearer " + tokens.make(seed, {**header, "alg": "HS256"}, claims), "another key id": "Bearer " + tokens.make(seed, {**header, "kid": "0" * 16}, claims),
        "another key": "Bearer " + tokens.make(bytes(32), header, claims), "a changed role": f"Bearer {signed.split('.')[0]}." +
        tokens.encode(json.dumps({**claims, "role": "admin"}).encode()) + f".{signature}",
        "expired": "Bearer " + tokens.make(seed, header, {**claims, "iat": int(time.time()) - 1000, "exp": int(time.time()) - 1}),
        "no expiry": "Bearer " + tokens.make(seed, header, {name: value for name, value in claims.items() if name != "exp"}),
        "claims that are no object": "Bearer " + tokens.make(seed, header, [1]), "huge": "Bearer " + "a" * 5000 + "." + "b" * 100 + ".c",
        "another role that does not exist": "Bearer " + tokens.make(seed, header, {**claims, "role": "root"}),
    }
    for name, value in wrong.items():
        for method, path, who, body in ROUTES:
            headers = {} if value is None else {"Authorization": value}
            answer = here.raw(method, here.fill(path), here.body(body), headers)
            check_problem(f"{method} {path} with a token that is wrong: {name}", answer, (401, 403) if "role that" in name else (401,))
    foreign = {"Authorization": "Bearer " + tokens.make(seed, header, {**claims, "tenant": "ten_" + UNKNOWN})}
    world.same("services seen with a token of another tenant", [], here.raw("GET", "/api/client/services", headers=foreign).body.get("items", []))
    here.check_unchanged()


def the_other_side_and_the_neighbour_are_refused(bench):
    here = World(bench)
    other = {"staff": here.it.customer, "customer": here.it.staff}
    for method, path, who, body in ROUTES:
        check_problem(f"{method} {path} by the wrong side", other[who].send(method, here.fill(path), here.body(body)), (403,))
    for method, path, who, body in ROUTES:
        if who == "customer" and any("{" + name + "}" in path for name in ("svc", "ord", "tkt")):
            check_problem(f"{method} {path} by another customer", here.it.other.send(method, here.fill(path), here.body(body)), (404,))
    for path in ("/api/client/services", "/api/client/tickets"):
        world.same(f"{path} of another customer", [], here.it.other.items(path))
    answer = here.it.other.send("POST", "/api/tickets", {"subject": "s", "body": "b", "service": here.names["svc"]})
    check_problem("a ticket about somebody else's service", answer, (422,), "/service")
    # an id of another kind is as unknown as none
    for kind, name in (("services", "tkt"), ("tickets", "svc"), ("orders", "svc"), ("services", "ord")):
        for method, tail, body in (("GET", "", None), ("POST", "/commands/cancel", {}), ("GET", "/journal", None)):
            check_problem(f"{method} /api/admin/{kind}/<{name}>{tail}", here.it.staff.send(method, f"/api/admin/{kind}/{here.names[name]}{tail}", body), (404,))
    here.check_unchanged()


def bodies_that_are_no_objects_are_refused(bench):
    here = World(bench)
    for method, path, who, body in ROUTES:
        if method != "POST":
            continue
        for raw in BODIES:
            check_problem(f"POST {path} {raw[:40]!r}", here.raw("POST", here.fill(path), raw, here.bearer(who)), (400, 413, 422))
    # too long: the server may close before it has read all of it
    huge = b"{\"subject\": \"" + b"x" * (2 << 20) + b"\"}"
    try:
        check_problem("a body of 2 MiB", here.raw("POST", "/api/tickets", huge, here.bearer("customer")), (413,))
    except (ConnectionError, socket.timeout):
        pass
    here.check_unchanged()


def wrong_fields_are_named(bench):
    here = World(bench)
    samples = {path: (who, body) for method, path, who, body in ROUTES if method == "POST"}
    samples["/api/login"] = ("customer", {"email": "customer@example.com", "password": "x"})
    for path, pointer, values in FIELDS:
        who, body = samples[path]
        for value in values:
            wrong = with_member(here.body(body), pointer, value)
            answer = here.raw("POST", here.fill(path), wrong, here.bearer(who))
            check_problem(f"POST {path} with {pointer} = {json.dumps(value)[:60]}", answer, (422,), pointer)
    here.check_unchanged()


def queries_headers_and_ids_that_make_no_sense_are_refused(bench):
    here = World(bench)
    lists = ["/api/client/services", "/api/client/tickets", "/api/admin/services", "/api/admin/tickets", "/api/admin/incidents", "/api/admin/servers", "/api/admin/outbox",
             "/api/admin/services/{svc}/runs"]
    for path in lists:
        who = "staff" if "/admin/" in path else "customer"
        for query in ("limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=99999999999999999999", "after=x", "after='", "after=%00"):
            check_problem(f"GET {path}?{query}", here.raw("GET", here.fill(path) + "?" + query, None, here.bearer(who)), (400,) if "%00" in query else (422,))
    for query in ("limit=0", "limit=501", "after=-1", "after=x", "after=99999999999999999999"):
        check_problem(f"journal?{query}", here.raw("GET", here.fill("/api/admin/services/{svc}/journal?") + query, None, here.bearer("staff")), (422,))
    check_problem("incidents?state=broken", here.raw("GET", "/api/admin/incidents?state=broken", None, here.bearer("staff")), (422,))
    suspend = here.fill("/api/admin/services/{svc}/commands/suspend")
    for wait in ("PT61S", "-PT1S", "x", "", "P1Y"):
        check_problem(f"suspend?wait={wait}", here.raw("POST", suspend + "?wait=" + wait, {"reason": "abuse"}, here.bearer("staff")), (422,))
    for key in ("k" * 256, "with space", "", "tab\there"):
        for path, who, body in ((suspend, "staff", {"reason": "abuse"}), ("/api/tickets", "customer", {"subject": "s", "body": "b"}),
                                ("/api/client/orders", "customer", {"product": here.names["product"], "config": {"hostname": "v8.example.com"}})):
            check_problem(f"POST {path} with the key {key[:20]!r}", here.raw("POST", path, body, {**here.bearer(who), "Idempotency-Key": key}), (400, 422))
    for method, path, who, body in ROUTES:
        for name in ("svc", "ord", "tkt", "inc", "run"):
            if "{" + name + "}" not in path:
                continue
            for value in IDS:
                answer = here.raw(method, here.fill(path.replace("{" + name + "}", value)), here.body(body), here.bearer(who))
                check_problem(f"{method} {path} with the id {value[:40]}", answer, (400, 404, 414, 422))
    for name in ("nope", "service_active", "%00", "x" * 2000):
        answer = here.raw("POST", here.fill("/api/admin/services/{svc}/commands/" + name), {}, here.bearer("staff"))
        check_problem(f"the command {name[:20]}", answer, (400, 404))
    for method, path, statuses in (("GET", "/api/nope", (404,)), ("DELETE", "/api/products", (405,)), ("PUT", "/api/tickets", (405,)), ("GET", "/api/login", (405,)),
                                   ("GET", "/api//products", (404,)), ("GET", "/api/products/", (404,)), ("GET", "/../etc/passwd", (400, 404)), ("GET", "/" + "a" * 20000, (404, 414, 431))):
        check_problem(f"{method} {path[:40]}", here.raw(method, path, None, here.bearer("staff")), statuses)
    here.check_unchanged()


def a_wrong_password_says_nothing(bench):
    here = World(bench)
    details = set()
    for path, email in (("/api/login", "customer@example.com"), ("/api/login", "nobody@example.com"), ("/api/login", "staff@example.com"), ("/api/admin/login", "customer@example.com"),
                        ("/api/login", "' or 1=1 --")):
        answer = here.raw("POST", path, {"email": email, "password": "wrong"})
        check_problem(f"POST {path} for {email}", answer, (401,))
        details.add(answer["detail"])
    world.same("different refusals", 1, len(details))
    here.check_unchanged()


if __name__ == "__main__":
    program.run([without_a_right_token_nothing_is_answered, the_other_side_and_the_neighbour_are_refused, bodies_that_are_no_objects_are_refused, wrong_fields_are_named,
                 queries_headers_and_ids_that_make_no_sense_are_refused, a_wrong_password_says_nothing])
