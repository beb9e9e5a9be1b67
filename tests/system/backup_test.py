"""Backup while it runs, kill -9, restore into an empty place: everybody goes on from the moment of the backup, and nothing happens twice."""

import glob
import json
import os
import shutil
import sqlite3
import subprocess

from harness import api, program, world
from harness.process import Unexpected, until
from harness.server import Server


def run(it, server, *arguments):
    """Status and what it printed."""
    done = subprocess.run([it.bench.binary, *arguments], env=server.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def ask_server(it):
    """A backup made by the running server; its folder."""
    path = os.path.join(it.folder, "password")
    with open(path, "w", encoding="utf-8") as file:
        file.write(it.admin._login.password + "\n")
    status, text = run(it, it.server, "backup", "--url", f"http://127.0.0.1:{it.server.port}", "--user", it.admin._login.email, "--password-file", path, "--note", "before the upgrade")
    world.same("the backup: " + text, 0, status)
    made = text.strip().rsplit(" ", 1)[1]
    world.same("where it is", os.path.join(it.server.settings["data.dir"], "backups"), os.path.dirname(made))
    world.same("what the server tells of it", ("made", made), tuple(it.staff.get("/api/admin/backup")[name] for name in ("state", "path")))
    return made


def install(bench):
    it = bench.installation()
    it.server.terminate()
    it.admin = api.Client(it.server, api.Login("/api/admin/login", "admin@example.com", it.server.make_account("admin@example.com", "admin")), it.revive)
    it.server.start()
    return it


def empty_place(it, name, keys=True):
    """A server that was never started, on a database that is empty, with the keys of the first one."""
    folder = os.path.join(it.folder, name)
    data = os.path.join(folder, "data")
    os.makedirs(data)
    if keys:
        for key in ("master.key", "signing.key"):
            shutil.copy2(os.path.join(it.server.settings["data.dir"], key), data)
    settings = {**it.server.settings, "data.dir": data}
    if it.bench.postgres:
        it.bench.postgres.drop(f"{it.name}-{name}")
        it.bench.postgres.create(f"{it.name}-{name}")
        settings["database.url"] = it.bench.postgres.url(f"{it.name}-{name}")
    return Server(it.bench.binary, folder, settings)


def drop(it, *names):
    """Databases besides the installation's own."""
    if it.bench.postgres:
        for name in names:
            it.bench.postgres.drop(f"{it.name}-{name}")


def sql(it, server, statement):
    """The first cells of the answer."""
    if it.bench.postgres:
        return it.bench.postgres.sql(statement, server.settings["database.url"].rsplit("/", 1)[1]).splitlines()
    connection = sqlite3.connect(os.path.join(server.settings["data.dir"], "stellwerk.db"))
    try:
        return [row[0] for row in connection.execute(statement).fetchall()]
    finally:
        connection.close()


def state_of(it, ticket):
    return it.staff.get(f"/api/admin/tickets/{ticket}")["state"]


def goes_on_after_a_restore(bench):
    it = install(bench)
    sleeping, waiting, held, working = (it.order(f"v{number}.example.com") for number in range(4))
    ticket = it.customer.post("/api/tickets", {"subject": "No network", "body": "It does not answer."}, 201)["id"]
    it.watched.append(("tickets", ticket))
    it.staff.post(f"/api/admin/tickets/{ticket}/reply", {"body": "Try now."}, 202)
    until("the ticket waits for its customer", lambda: state_of(it, ticket) == "answered")
    it.sandbox.fault("status", "clone", status=400, reason="Parameter verification failed.", body={"data": None, "errors": {"storage": "storage 'fast' does not exist"}})
    it.command(held, "paid")
    it.until_incident(held)
    it.sandbox.clear_faults()
    it.sandbox.forget_calls()
    it.command(working, "paid")
    until("a machine is being cloned", lambda: it.sandbox.calls("clone") or it.staff.advance("PT1S") is None)

    made = ask_server(it)
    manifest = json.load(open(os.path.join(made, "manifest.json"), encoding="utf-8"))
    for name in ("version", "made_at", "incarnation", "tenant", "sha256"):
        if not manifest[name]:
            raise Unexpected(f"the manifest tells its {name}", manifest)
    key = open(os.path.join(it.server.settings["data.dir"], "master.key"), encoding="utf-8").read().strip()
    world.same("dialect and master key", (bench.database, [key.split(":")[0]]), (manifest["dialect"], manifest["master_keys"]))
    for path in glob.glob(os.path.join(made, "*")):
        if key.split(":")[1].encode() in open(path, "rb").read():
            raise Unexpected("no key is in the backup", path)

    # the world goes on, and the record of it is lost
    it.until(working, "active")
    it.server.kill()

    place = empty_place(it, "restored")
    status, text = run(it, place, "restore", "--from", made)
    world.same("the restore: " + text, 0, status)
    world.same("fences of the former node", ["0"], [str(count) for count in sql(it, place, "select count(*) from node_fence")])
    world.same("the guard is told", ["1"], [str(count) for count in sql(it, place, "select count(*) from value where name = 'guard_since_restore' and content <> ''")])
    it.server = place.start()
    for who in (it.staff, it.customer, it.other, it.admin):
        who._server = place
    it.until(working, "active")
    world.same("clones of its machine", 1, len(it.sandbox.calls("clone")))
    world.same("its notifications", ["service_ready"], it.notifications(working))
    it.remedy(it.staff.get("/api/admin/incidents/" + it.service(held)["run"]["incident"]), "retry")
    it.until(held, "active")
    it.command(sleeping, "paid")  # the secrets of its server are opened with the same key
    it.until(sleeping, "active")
    it.staff.advance("P4D")
    until("the ticket is closed by its timer", lambda: state_of(it, ticket) == "closed")
    it.staff.advance("P4D")
    it.until(waiting, "cancelled")
    world.check_all(it, [sleeping, held, working], [waiting])
    status, text = run(it, place, "doctor", "--url", f"http://127.0.0.1:{place.port}", "--user", it.admin._login.email, "--password-file", os.path.join(it.folder, "password"))
    world.same("the doctor: " + text, 0, status)
    world.same("the audit of the backup is younger than it, or in it", True, "backup" in [row["action"] for row in it.admin.items("/api/admin/audit")])
    drop(it, "restored")


def says_what_is_wrong(bench):
    it = install(bench)
    it.order()
    made = ask_server(it)
    status, text = run(it, it.server, "backup", "--to", os.path.join(it.folder, "offline"))
    if bench.postgres:
        world.same("the database is asked beside the server: " + text, 0, status)
    else:
        world.same("while the server holds the file: " + text, (1, True), (status, "let the running server make the backup" in text))
    world.same("a backup asked for by staff", 403, it.staff.send("POST", "/api/admin/backup", {}).status)
    it.server.terminate()
    status, text = run(it, it.server, "backup", "--to", os.path.join(it.folder, "stopped"))
    world.same("while no server runs: " + text, 0, status)

    def refused(what, server, source, words):
        status, text = run(it, server, "restore", "--from", source)
        world.same(f"{what}: {text}", (1, True), (status, words in text))

    refused("a database that is there", it.server, made, "empty")
    place = empty_place(it, "second")
    refused("no backup", place, it.folder, "is no backup")
    for name, change, words in (("newer", lambda m: m["schema"].append({"name": "9999_future.sql", "checksum": "0"}), "install the newer version"),
                                ("form", lambda m: m.update(form=2), "not known to this binary"),
                                ("other", lambda m: m.update(dialect="mysql"), "a backup of mysql")):
        copy = shutil.copytree(made, os.path.join(it.folder, name))
        path = os.path.join(copy, "manifest.json")
        manifest = json.load(open(path, encoding="utf-8"))
        change(manifest)
        json.dump(manifest, open(path, "w", encoding="utf-8"))
        refused(name, place, copy, words)
    copy = shutil.copytree(made, os.path.join(it.folder, "damaged"))
    with open(os.path.join(copy, json.load(open(os.path.join(made, "manifest.json"), encoding="utf-8"))["file"]), "r+b") as file:
        file.seek(5000)
        byte = file.read(1)
        file.seek(5000)
        file.write(bytes([byte[0] ^ 1]))
    refused("one bit is another", place, copy, "the backup is damaged")

    # after all these the place is as empty as it was; its keys come later
    for key in ("master.key", "signing.key"):
        os.remove(os.path.join(place.settings["data.dir"], key))
    status, text = run(it, place, "restore", "--from", made)
    world.same("without the master key: " + text, (0, True), (status, "before the start put the master key" in text))
    refused("a second time", place, made, "empty")
    master = os.path.join(place.settings["data.dir"], "master.key")

    def start_refused(what, words):
        place.launch()
        world.same(f"status of the start {what}", 1, place.wait(30))
        if words not in place.written():
            raise Unexpected(f"the start {what} says '{words}'", place.written()[-2000:])

    start_refused("without the master key", "put the file of that key there")
    world.same("no new key is made", False, os.path.exists(master))
    kept = open(os.path.join(it.server.settings["data.dir"], "master.key"), encoding="utf-8").read()
    with open(master, "w", encoding="utf-8") as file:
        file.write(f"00000000:{kept.split(':')[1]}")
    os.chmod(master, 0o600)
    start_refused("with another master key", "give the file that belongs to this database")
    third = empty_place(it, "third", keys=False)
    shutil.copy2(master, third.settings["data.dir"])
    refused("another master key is there", third, made, "put the file that belongs to the backup there")
    shutil.copy2(os.path.join(it.server.settings["data.dir"], "master.key"), master)
    place.start()
    world.same("exit status", 0, place.terminate())
    drop(it, "second", "third")


if __name__ == "__main__":
    program.run([goes_on_after_a_restore, says_what_is_wrong])
