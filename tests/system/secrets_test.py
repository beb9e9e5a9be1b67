"""A full life with known secrets; then everything that can be read of it is searched for them, in every form in which they travel."""

import base64
import contextlib
import glob
import http.server
import json
import os
import sqlite3
import subprocess
import threading
import urllib.parse

from harness import api, program, sandbox, world
from harness.process import Unexpected, pause, until

PASSWORD = 'Root/Pass "wörd" 0815&x'
EDITED = "edited+secret/4711-ü"
DEFERRED = "deferred secret 2342=="
VENDOR = "vendor-token-31337/a+b"
LICENCE = "licence key 5555 & more"
SECRETS = {"password": PASSWORD, "edited input": EDITED, "deferred command": DEFERRED, "vendor's token": VENDOR, "setting": LICENCE, "Proxmox token": sandbox.TOKEN}
PERSON = "Erika Mustermann, Heidestraße 17"
LIBRARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "secrecy")  # a vendor and a workflow with secrets


def forms(secret):
    """As they may stand anywhere: plain, in JSON of two kinds, percent-encoded, as in a form, in base64 whatever stands before it."""
    raw = secret.encode()
    found = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1].replace("/", "\\/"),
             urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret, safe="/"), urllib.parse.quote_plus(secret), urllib.parse.quote(secret, safe="").lower()}
    for alphabet in (base64.standard_b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            text = alphabet(b"\0" * before + raw).decode().rstrip("=")
            first, end = (before * 8 + 5) // 6, (before + len(raw)) * 8 // 6
            found.add(text[first:end])
    return found


def search(where, data, secrets):
    """Every secret that can be read in `data` (bytes), as (where, name, form)."""
    return [(where, name, form) for name, secret in secrets.items() for form in forms(secret) if form.encode() in data]


class Safe:
    """A vendor that may be told to refuse, and then repeats all that it was sent, in its own ways."""

    def __init__(self):
        self.refuse, self.hold, self.opened = True, threading.Event(), []
        safe = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                safe.opened.append(body["password"])
                safe.hold.wait(60)
                password, token = body["password"], self.headers["Authorization"].split(" ", 1)[1]
                echo = json.dumps({"message": f"cannot take {password}", "escaped": json.dumps(password), "auth": base64.b64encode(f"root:{password}".encode()).decode(),
                                   "url": "/?p=" + urllib.parse.quote(password, safe=""), "token": token}, ensure_ascii=False)
                self.send_response(500 if safe.refuse else 200)
                self.end_headers()
                self.wfile.write((echo if safe.refuse else "{}").encode())

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()


class Heard:
    """Every answer of the API, but those that reveal."""

    def __init__(self, it):
        self.it, self.text = it, []

    def admin(self, method, path, body=None, status=200, keep=True):
        answer = self.it.admin.expect(status, method, path, body)
        if keep:
            self.text.append(answer.text)
        return answer


def dump(it):
    """Every byte at rest: the files of SQLite with its log, all tables of PostgreSQL with its write-ahead log; and the logs of the server."""
    found = {}
    if it.bench.postgres:
        it.bench.postgres.sql("checkpoint", it.name)
        tables = it.bench.postgres.sql("select tablename from pg_tables where schemaname = 'public'", it.name).split()
        for table in tables:
            found["table " + table] = it.bench.postgres.sql(f'select * from "{table}"', it.name).encode()
    else:
        # closed before the files are read: closing a file ends every lock of this process on it
        with contextlib.closing(sqlite3.connect(f"file:{os.path.join(it.folder, 'data', 'stellwerk.db')}?mode=ro", uri=True)) as database:
            world.same("the database", [("ok",)], database.execute("pragma integrity_check").fetchall())
            for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
                found["table " + table] = repr(database.execute(f'select * from "{table}"').fetchall()).encode()
        for path in glob.glob(os.path.join(it.folder, "data", "stellwerk.db*")):
            found[path] = open(path, "rb").read()
    for path in glob.glob(os.path.join(it.folder, "*.log")):
        found[path] = open(path, "rb").read()
    return found


def refuse_leaks(what, found, secrets=None):
    leaks = [leak for where, data in found.items() for leak in search(where, data, secrets or SECRETS)]
    if leaks:
        raise Unexpected(f"no secret can be read {what}", leaks[:5])


def run(it, *arguments):
    done = subprocess.run([it.bench.binary, *arguments], env=it.server.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def install(bench):
    it = bench.installation(settings={"library.dirs": LIBRARY})
    it.server.terminate()
    it.admin = api.Client(it.server, api.Login("/api/admin/login", "admin@example.com", it.server.make_account("admin@example.com", "admin")), it.revive)
    it.server.start()
    return it


def keeps_every_secret_of_a_full_life(bench):
    it = install(bench)
    safe = Safe()
    try:
        live(it, safe)
    finally:
        safe.close()


def live(it, safe):
    heard = Heard(it)
    # an order on a server with credentials, to its active service; a ticket of its customer
    ordered = it.order()
    it.command(ordered, "paid")
    it.until(ordered, "active")
    it.customer.post("/api/client/tickets", {"subject": "Help", "body": PERSON + " has a question", "department": "support"}, 201)
    # a service with a root password, at a vendor that needs a token, under a setting that is a secret
    server = heard.admin("POST", "/api/admin/servers", {"name": "safe-1", "connector": "safe", "pool": "safe", "capacity": 5, "settings": {"base_url": safe.url, "token": VENDOR}}, 201)["id"]
    heard.admin("PUT", "/api/admin/settings", {"workflow": "vaulted", "name": "licence", "level": "tenant", "value": LICENCE, "note": "bought"})
    heard.admin("GET", "/api/admin/settings")
    heard.admin("GET", "/api/admin/settings/history")
    customer = heard.admin("GET", "/api/admin/customers")["items"][0]["id"]
    wrong = heard.admin("POST", "/api/admin/services", {"workflow": "vaulted", "customer": customer, "attributes": {"server": server, "password": PASSWORD, "colour": PASSWORD}}, 422)
    world.same("what is wrong", ["/attributes/colour"], wrong.pointers())
    service = heard.admin("POST", "/api/admin/services", {"workflow": "vaulted", "customer": customer, "attributes": {"server": server, "password": PASSWORD, "contact": PERSON}}, 201)["id"]
    path = f"/api/admin/services/{service}"
    heard.admin("POST", path + "/commands/open", {}, 202)
    until("the vendor was asked", lambda: safe.opened)
    heard.admin("POST", path + "/commands/change", {"password": DEFERRED}, 202)
    heard.admin("GET", path)
    refuse_leaks("while the run works and a command waits", dump(it))
    # it fails, and the vendor tells everything it knows
    safe.hold.set()
    incident = until("the run is held", lambda: heard.admin("GET", "/api/admin/incidents?state=open")["items"])[0]
    if "***" not in incident["text"]:
        raise Unexpected("the vendor's words are there, masked", incident)
    refuse_leaks("while the run is held", dump(it))
    # a person gives another password, and writes it into the note as well
    safe.refuse = False
    heard.admin("POST", f"/api/admin/incidents/{incident['id']}/edit", {"note": f"now {EDITED}", "input": {"password": EDITED}}, 202)
    until("the deferred change had its turn", lambda: not heard.admin("GET", path)["run"] and heard.admin("GET", path)["state"] == "opened" and any(
        "change" in json.dumps(entry) for entry in heard.admin("GET", path + "/journal?limit=500")["items"]))
    world.same("what the vendor got", [PASSWORD, EDITED], safe.opened)

    # reveal: only by admins, only with a note, and never without a trace
    world.same("staff may not", 403, it.staff.send("POST", path + "/reveal", {"attribute": "password", "note": "x"}).status)
    heard.admin("POST", path + "/reveal", {"attribute": "password"}, 422)
    shown = heard.admin("POST", path + "/reveal", {"attribute": "password", "note": "asked by phone"}, 200, keep=False)
    world.same("the value", DEFERRED, shown["value"])
    shown = heard.admin("POST", f"/api/admin/servers/{server}/reveal", {"setting": "token", "note": "moved"}, 200, keep=False)
    world.same("the token", VENDOR, shown["value"])
    audit = heard.admin("GET", "/api/admin/audit")["items"]
    world.same("the audit", [("reveal", server, "token"), ("reveal", service, "password")], [(entry["action"], entry["object"], entry["field"]) for entry in audit])
    for kind, actor in (("services", service), ("services", ordered)):
        heard.admin("GET", f"/api/admin/{kind}/{actor}/journal?limit=500")
        for entry in heard.admin("GET", f"/api/admin/{kind}/{actor}/runs")["items"]:
            heard.admin("GET", f"/api/admin/runs/{entry['id']}")
    for address in ("/api/admin/incidents", "/api/admin/servers", "/api/admin/services", "/api/admin/notifications", "/api/openapi.json", "/metrics"):
        answer = it.admin.send("GET", address)
        heard.text.append(answer.text)
    if PERSON not in "".join(heard.text):
        raise Unexpected("what is personal is there for readers of the journal", "it is not")

    # rotation beside a running server is refused; without one everything is sealed anew, also after kill -9 in the middle
    status, said = run(it, "secrets", "rotate")
    world.same("rotation beside the server", 1, status)
    world.same("the server ends", 0, it.server.terminate())
    for moment in (0.02, 0.04, 0.06, 0.08, 0.1, 0.12):  # wherever it is then
        killed = subprocess.Popen([it.bench.binary, "secrets", "rotate"], env=it.server.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        pause(moment)
        killed.kill()
        killed.wait()
    status, said = run(it, "secrets", "rotate")
    world.same(f"rotation: {said}", 0, status)
    status, said = run(it, "secrets", "status")
    world.same(f"keys after rotation: {said}", 1, said.count("data key "))
    master = os.path.join(it.folder, "data", "next.key")
    status, said = run(it, "secrets", "rotate", "--master-key-file", master)
    world.same(f"rotation of the master key: {said}", 0, status)
    status, said = run(it, "secrets", "status")
    if status == 0 or "master key" not in said:
        raise Unexpected("the old master key opens nothing", said)
    it.server.settings["master_key_file"] = master
    it.server.start()
    shown = heard.admin("POST", path + "/reveal", {"attribute": "password", "note": "once more"}, 200, keep=False)
    world.same("the value under the new keys", DEFERRED, shown["value"])
    it.command(ordered, "suspend", {"reason": "manual"})  # the credentials of its server are still good
    it.until(ordered, "suspended")

    refuse_leaks("in what the API answered", {"answers": "\n".join(heard.text).encode()})
    found = dump(it)
    refuse_leaks("at rest", found)
    # the searcher finds what is there: a leak that is planted, in each form
    for form in forms(PASSWORD):
        if not search("planted", b"before " + form.encode() + b" behind", SECRETS):
            raise Unexpected("the search finds a leak", form)
    world.same("tables that were searched", True, any(where == "table actor" and service.encode() in data for where, data in found.items()))

    # the person is forgotten: first the service has to end
    refused = it.admin.send("POST", f"/api/admin/customers/{customer}/erase", {"note": "asked in writing"})
    world.same("erasing while actors live", (409, True), (refused.status, any(service in pointer for pointer in refused.pointers())))
    heard.admin("POST", path + "/commands/end", {}, 202)
    until("the service is gone", lambda: heard.admin("GET", path)["state"] == "gone")
    heard.admin("POST", f"/api/admin/customers/{customer}/erase", {"note": "asked in writing", "live": True})
    journal = heard.admin("GET", path + "/journal?limit=500").text
    world.same("the journal after", (False, True, True), (PERSON in journal, "(erased)" in journal, "step_done" in journal))
    world.same("the server ends", 0, it.server.terminate())
    # the same without a server; what was done stays done
    status, said = run(it, "admin", "erase", "--customer", customer, "--note", "again")
    world.same(f"erasing while a ticket lives: {said}", (1, True), (status, "is not final" in said))
    status, said = run(it, "admin", "erase", "--customer", customer, "--note", "again", "--live")
    world.same(f"erasing once more: {said}", (0, True), (status, "in 4 actors" in said))  # order, both services, ticket
    refuse_leaks("of the person", {where: data for where, data in dump(it).items() if where.startswith("table ")}, {"person": PERSON})


def call(bench, folder, *arguments):
    """A command on the data folder, without any other setting."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STELLWERK_")} | {"STELLWERK_DATA__DIR": folder}
    return subprocess.run([bench.binary, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def makes_no_database_by_asking_for_its_keys(bench):
    nowhere = os.path.join(bench.folder, "nowhere")
    for command in (["secrets", "status"], ["secrets", "rotate"], ["admin", "erase", "--customer", "cus_1", "--note", "asked"]):
        done = call(bench, nowhere, *command)
        if done.returncode != 1 or f"there is no database at {nowhere}/stellwerk.db" not in done.stderr:
            raise Unexpected(f"{command} says that there is no database, and where", (done.returncode, done.stderr))
        world.same("what was made", False, os.path.exists(nowhere))


def seals_the_secret_of_the_demo_under_a_data_key(bench):
    folder = os.path.join(bench.folder, "demo")
    world.same("the demo", 0, call(bench, folder, "demo", "--until-ready", "--data-dir", folder).returncode)
    said = call(bench, folder, "secrets", "status").stdout
    world.same(f"the keys: {said}", (True, False), ("seals  1 rows" in said, "earlier versions" in said))


if __name__ == "__main__":
    program.run([keeps_every_secret_of_a_full_life, makes_no_database_by_asking_for_its_keys, seals_the_secret_of_the_demo_under_a_data_key])
