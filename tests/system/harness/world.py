"""What must hold whatever happened: one machine or none, nothing left over, nobody waiting for nothing, a journal without gaps."""

import json

from .process import Unexpected


def same(what, expected, found):
    if expected != found:
        raise Unexpected(f"{what}: {expected!r}", repr(found))


def check_machine(installation, service, present):
    """Exactly one machine of this service when `present`, with the number and address of the record; else none."""
    ours = installation.sandbox.guests_of(service)
    same(f"machines that bear the mark of {service}", 1 if present else 0, len(ours))
    if not present:
        return None
    attributes = installation.service(service)["attributes"]
    same("number of the machine", attributes["vmid"], ours[0]["vmid"])
    if attributes["ip"] not in ours[0]["config"].get("ipconfig0", ""):
        raise Unexpected(f"the machine has the address {attributes['ip']}", ours[0]["config"])
    return ours[0]


def check_leases(installation, holders, blocked=()):
    """Each of `holders` has one number, one address and one place; nobody else has any. `blocked`: numbers of strangers."""
    leases = installation.staff.get("/api/admin/leases")["items"]
    held = sorted((lease["owner"], lease["type"], lease["state"]) for lease in leases if lease["state"] != "blocked")
    same("leases", sorted((holder, kind, "taken") for holder in holders for kind in ("id", "address", "place")), held)
    same("blocked numbers", sorted(str(number) for number in blocked), sorted(lease["value"] for lease in leases if lease["state"] == "blocked"))


def check_calm(installation):
    """No open incident, and nobody who waits without anything that would wake him."""
    same("open incidents", [], installation.staff.items("/api/admin/incidents?state=open"))
    same("actors without a wake-up", [], installation.staff.get("/api/admin/stuck-actors")["items"])


def version_of(installation, kind, actor):
    return installation.staff.get(f"/api/admin/{kind}/{actor}").get("version")


def check_journal(installation, kind, actor):
    """Versions 1 to n without a gap, times that never go back, every try of a run after its step began."""
    shown, entries = None, None
    while entries is None or shown != version_of(installation, kind, actor):  # two questions: nothing may be written in between
        shown = version_of(installation, kind, actor)
        entries = installation.journal(kind, actor)
    same(f"versions in the journal of {actor}", list(range(1, len(entries) + 1)), [entry["version"] for entry in entries])
    times = [entry["at"] for entry in entries]
    same(f"times in the journal of {actor}", sorted(times), times)
    started = set()
    for entry in entries:
        for fact in entry["entries"]:
            if fact["type"] == "step_started":
                started.add(fact["key"])
            if fact["type"] == "attempt" and fact["key"] not in started:
                raise Unexpected(f"a step_started before the first try of {fact['key']}", json.dumps(fact))
    if shown is not None:
        same(f"version of {actor}", len(entries), shown)
    return [fact for entry in entries for fact in entry["entries"]]


def check_all(installation, machines, others=(), strangers=(), blocked=()):
    """`machines`: services with a machine; `others`: services without; `strangers`: numbers of machines that are not ours."""
    for service in machines:
        check_machine(installation, service, True)
    for service in others:
        check_machine(installation, service, False)
    ours = [guest["vmid"] for service in machines for guest in installation.sandbox.guests_of(service)]
    same("machines in the sandbox", sorted([*ours, *strangers]), sorted(installation.sandbox.guests()))
    check_leases(installation, machines, blocked)
    check_calm(installation)
    for kind, actor in installation.watched:
        check_journal(installation, kind, actor)
