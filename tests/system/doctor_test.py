"""Nothing is silently stuck: whoever is planted so is told within ten seconds, on every way; and what is put aside can be brought back."""

import json
import os
import sqlite3
import subprocess

from harness import program, world
from harness.api import exchange
from harness.process import Unexpected, last_lines, until


def sql(it, statement):
    """Behind the server's back. The first cells of the answer."""
    if it.bench.postgres:
        return it.bench.postgres.sql(statement, it.name).splitlines()
    with sqlite3.connect(os.path.join(it.folder, "data", "stellwerk.db"), timeout=20) as connection:
        found = [row[0] for row in connection.execute(statement).fetchall()]
    connection.close()
    return found


def stellwerk(it, *arguments, online=True):
    """Status and what it printed."""
    login = it.staff._login
    if online:
        path = os.path.join(it.folder, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write(login.password + "\n")
        arguments = [*arguments, "--url", f"http://127.0.0.1:{it.server.port}", "--user", login.email, "--password-file", path]
    done = subprocess.run([it.bench.binary, *arguments], env=it.server.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def stuck(it):
    return it.staff.get("/api/admin/stuck")["items"]


def metric(it, name):
    text = exchange(it.server.port, "GET", "/metrics").text
    return float(next((line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(name + " ")), -1))


def tells_an_actor_without_a_wake_up_within_ten_seconds(bench):
    it = bench.installation()
    service = it.order()  # it waits for its payment, a week at most
    status, text = stellwerk(it, "doctor")
    world.same("the doctor of a healthy installation, " + text, 0, status)

    kept = [line.split("|") for line in sql(it, f"select name || '|' || cast(due as text) || '|' || tenant from timer where actor = '{service}'")]
    if not kept:
        raise Unexpected("a service that waits for its payment has a timer", kept)
    sql(it, f"delete from timer where actor = '{service}'")
    found = until("it is told that the service is stuck", lambda: stuck(it), 10.0)
    world.same("who is stuck, and how", [(service, "no_wake_up", "service", "ordered")], [(f["actor"], f["half"], f["kind"], f["state"]) for f in found])
    world.same("the gauge", 1.0, metric(it, 'stellwerk_actors_stuck{half="no_wake_up"}'))
    if not found[0]["do"] or not found[0]["text"]:
        raise Unexpected("the finding says what it is and what to do", found)
    until("the log says so", lambda: any('"an actor is stuck"' in line and service in line for line in last_lines(it.server.log, 400)), 10.0)
    status, text = stellwerk(it, "doctor")
    world.same("the doctor names it and ends with 1: " + text, (1, True, True), (status, service in text, "NOT healthy" in text))
    status, text = stellwerk(it, "doctor", "--json")
    report = json.loads(text)
    world.same("the same as JSON", (1, False, True, [service]), (status, report["healthy"], report["serving"], [f["actor"] for f in report["findings"]]))
    if not (report["nodes"][0]["alive"] and report["database"]["schema"] >= "0007" and abs(report["database"]["clock_difference_seconds"]) < 2):
        raise Unexpected("the report tells node, schema and clock", report)

    # asked without the server: on PostgreSQL at any time, on SQLite when no server holds the file
    status, text = stellwerk(it, "doctor", online=False)
    if bench.postgres:
        world.same("the database asked by itself: " + text, (1, True), (status, service in text))
    else:
        world.same("the file is held: " + text, (2, True), (status, "ask it" in text))
    for name, due, tenant in kept:
        sql(it, f"insert into timer (actor, tenant, name, due) values ('{service}', '{tenant}', '{name}', {due})")
    until("it is well again", lambda: not stuck(it), 10.0)
    world.same("the gauge", 0.0, metric(it, 'stellwerk_actors_stuck{half="no_wake_up"}'))
    told = sum('"an actor is stuck"' in line for line in last_lines(it.server.log, 4000))
    world.same("it was told once", 1, told)
    it.server.terminate()
    status, text = stellwerk(it, "doctor", online=False)
    world.same("while nobody serves: " + text, (0, True), (status, "none serves" in text))
    sql(it, f"delete from timer where actor = '{service}'")
    status, text = stellwerk(it, "doctor", online=False)
    world.same("while nobody serves, stuck: " + text, (1, True), (status, service in text))


def tells_an_attempt_that_nobody_owns_within_ten_seconds(bench):
    it = bench.installation()
    service = it.order()
    it.sandbox.fault("down", **{"for": "PT6H"})
    it.command(service, "paid")
    until("an attempt is in hand", lambda: sql(it, f"select id from attempt where actor = '{service}' and executor = 'connector'"))

    def abandoned():
        # again and again: each try writes its attempt anew
        sql(it, f"update attempt set incarnation = 'nod_gone' where actor = '{service}' and incarnation <> 'nod_gone'")
        return [f for f in stuck(it) if f["what"] == "attempt_abandoned"]

    found = until("it is told that the attempt is abandoned", abandoned, 10.0)
    world.same("whose attempt it is", service, found[0]["actor"])
    it.sandbox.clear_faults()
    it.server.terminate()
    it.server.start()  # as the advice says
    it.until(service, "active", step="PT1M")
    until("it is well again", lambda: not stuck(it), 10.0)
    world.check_calm(it)


def brings_back_what_was_put_aside(bench):
    it = bench.installation()
    service, other = it.order(), it.order("v2.example.com")
    it.server.terminate()
    sound = sql(it, f"select cast(cursor as text) from actor where id = '{service}'")[0]
    sql(it, f"update actor set cursor = '[1]' where id = '{service}'")
    texts = sql(it, "select content from revision where name = 'ticket'")
    sql(it, "update revision set content = 'no workflow' where name = 'ticket'")
    it.server.start()
    refused = it.staff.send("POST", f"/api/admin/services/{service}/commands/paid", {})
    world.same("a command to it", (503, "quarantined"), (refused.status, refused.reason()))
    it.command(other, "paid")
    it.until(other, "active")
    world.same("tickets, whose revision cannot be loaded", True, it.customer.send("POST", "/api/client/tickets", {"subject": "x", "body": "y", "department": "support", "priority": "low"}).status >= 400)
    status, text = stellwerk(it, "doctor")
    world.same("the doctor tells of the revision: " + text, (1, True), (status, "ticket 1 cannot be loaded" in text))

    status, text = stellwerk(it, "incident", "list", "--kind", "quarantined", "--json")
    listed = json.loads(text)
    world.same("quarantined actors", [service], [incident["actor"] for incident in listed])
    incident = listed[0]["id"]
    status, text = stellwerk(it, "incident", "show", incident)
    world.same("what is shown: " + text, (0, True, True), (status, service in text, "retry" in text))
    status, text = stellwerk(it, "incident", "retry", incident, "--note", "too early")
    world.same("before it is repaired: " + text, (1, True), (status, "still cannot be processed" in text))
    sql(it, f"update actor set cursor = '{sound}' where id = '{service}'")
    status, text = stellwerk(it, "incident", "retry", incident, "--note", "the row is whole again")
    world.same("after it is repaired: " + text, 0, status)
    closed = it.staff.get(f"/api/admin/incidents/{incident}")
    world.same("who closed it, how and why", ("closed", "retry", it.staff._login.user, "the row is whole again"), tuple(closed[name] for name in ("state", "closed_how", "closed_by", "note")))
    if not closed["closed_by_name"]:
        raise Unexpected("the name of who closed it", closed)
    facts = world.check_journal(it, "services", service)
    entry = next(fact for fact in facts if fact["type"] == "incident_closed")
    world.same("the journal says so as well", ("the row is whole again", it.staff._login.user), (entry["note"], entry["by"]["id"]))
    it.command(service, "paid")
    it.until(service, "active")

    it.server.terminate()
    text = "\n".join(texts) + ("\n" if bench.postgres else "")
    escaped = text.replace("'", "''")
    sql(it, f"update revision set content = '{escaped}' where name = 'ticket'")
    it.server.start()
    world.check_calm(it)
    status, text = stellwerk(it, "doctor")
    world.same("all is well: " + text, 0, status)


def takes_remedies_from_the_command_line(bench):
    it = bench.installation()
    service = it.order()
    it.sandbox.fault("status", "clone", status=400, reason="Parameter verification failed.", body={"data": None, "errors": {"storage": "storage 'fast' does not exist"}})
    it.command(service, "paid")
    incident = it.until_incident(service)["id"]
    status, text = stellwerk(it, "incident", "list")
    world.same("the list: " + text, (0, True, True), (status, incident in text, "1 incident" in text))
    status, text = stellwerk(it, "incident", "list", "--step", "start")
    world.same("of another step: " + text, (0, True), (status, "0 incidents" in text))
    status, text = stellwerk(it, "incident", "show", incident)
    for part in ("storage 'fast' does not exist", "create", "undo", "retry", "fail", service):
        if part not in text:
            raise Unexpected(f"the incident is shown with {part}", text)
    status, text = stellwerk(it, "incident", "edit", incident, "--note", "x", "--input", "no json")
    world.same("an input that is none: " + text, 1, status)
    status, text = stellwerk(it, "incident", "retry", "inc_01jnq0000000000000000000aa", "--note", "x")
    world.same("an incident that is none: " + text, (1, True), (status, "there is no incident" in text))
    status, text = stellwerk(it, "incident", "retry", incident, "--verified-absent", "--note", "x")
    world.same("of a step that was refused nobody has to look: " + text, (1, True), (status, "'verified_absent' is for a retry of a step" in text))
    it.sandbox.clear_faults()
    status, text = stellwerk(it, "incident", "retry", incident, "--note", "storage is there now")
    world.same("the remedy: " + text, 0, status)
    it.until(service, "active")
    world.check_all(it, [service])


if __name__ == "__main__":
    program.run([tells_an_actor_without_a_wake_up_within_ten_seconds, tells_an_attempt_that_nobody_owns_within_ten_seconds, brings_back_what_was_put_aside,
                 takes_remedies_from_the_command_line])
