"""Tickets: whose turn it is, the three days to automatic closing, and a crash at every commit."""

import uuid

from harness import program, world
from harness.process import Unexpected, until


def open_ticket(it, subject="No network", key=None):
    ticket = it.customer.post("/api/tickets", {"subject": subject, "body": "It does not answer."}, 201, key)["id"]
    if ("tickets", ticket) not in it.watched:
        it.watched.append(("tickets", ticket))
    return ticket


def state_of(it, ticket):
    return it.staff.get(f"/api/admin/tickets/{ticket}")["state"]


def until_state(it, ticket, state):
    until(f"{ticket} comes to state {state}", lambda: state_of(it, ticket) == state, 30)


def answer(it, ticket, body, key=None):
    it.staff.post(f"/api/admin/tickets/{ticket}/reply", {"body": body}, 202, key)


def reply(it, ticket, body, key=None):
    it.customer.post(f"/api/client/tickets/{ticket}/reply", {"body": body}, 202, key)


def messages(it, ticket):
    """Staff see all, the customer all but notes."""
    of_staff = [(m["role"], m["internal"], m["body"]) for m in it.staff.get(f"/api/admin/tickets/{ticket}")["messages"]]
    of_customer = [(m["role"], m["internal"], m["body"]) for m in it.customer.get(f"/api/client/tickets/{ticket}")["messages"]]
    world.same("what the customer sees", [message for message in of_staff if not message[1]], of_customer)
    return [body for _, _, body in of_staff]


def check(it, ticket, state, bodies, notified):
    world.same(f"state of {ticket}", state, state_of(it, ticket))
    world.same("messages", bodies, messages(it, ticket))
    world.same("notifications", notified, it.notifications(ticket))
    world.check_calm(it)
    world.check_journal(it, "tickets", ticket)


def closes_three_days_after_the_answer(bench):
    it = bench.installation()
    ticket = open_ticket(it)
    it.staff.advance("P30D")
    world.same("state without an answer", "open", state_of(it, ticket))
    answer(it, ticket, "Restarted.")
    world.same("state after the answer", "answered", state_of(it, ticket))
    it.staff.advance("P2DT23H59M")
    world.same("state shortly before three days", "answered", state_of(it, ticket))
    it.staff.advance("PT2M")
    until_state(it, ticket, "closed")
    check(it, ticket, "closed", ["It does not answer.", "Restarted."], ["ticket_answered", "ticket_closed"])


def a_reply_of_the_customer_stops_the_closing(bench):
    it = bench.installation()
    ticket = open_ticket(it)
    answer(it, ticket, "Better?")
    it.staff.advance("P2D")
    reply(it, ticket, "No.")
    it.staff.advance("P10D")
    check(it, ticket, "customer_reply", ["It does not answer.", "Better?", "No."], ["ticket_answered"])
    answer(it, ticket, "Now?")
    it.staff.advance("P3DT1M")
    until_state(it, ticket, "closed")
    reply(it, ticket, "Still not.")
    world.same("state after a reply to a closed ticket", "customer_reply", state_of(it, ticket))


def another_answer_gives_the_whole_three_days_and_a_note_does_not(bench):
    it = bench.installation()
    ticket = open_ticket(it)
    answer(it, ticket, "First.")
    it.staff.advance("P2D")
    answer(it, ticket, "Second.")
    it.staff.advance("P2D")
    world.same("state two days after the second answer", "answered", state_of(it, ticket))
    it.staff.post(f"/api/admin/tickets/{ticket}/commands/note", {"body": "Asked the network people."}, 202)
    it.staff.post(f"/api/admin/tickets/{ticket}/commands/set_priority", {"priority": "high"}, 202)
    it.staff.advance("P1DT1M")
    until_state(it, ticket, "closed")
    check(it, ticket, "closed", ["It does not answer.", "First.", "Second.", "Asked the network people."], ["ticket_answered", "ticket_answered", "ticket_closed"])


def survives_a_crash_at_every_commit(bench):
    for number in range(1, 60):
        it = bench.installation(crash_at=f"commit:{number}")
        ticket = None
        try:
            ticket = open_ticket(it, key=uuid.uuid4().hex)
            answer(it, ticket, "Restarted.")
            it.staff.advance("P2D")
            reply(it, ticket, "Still not.")
            it.staff.post(f"/api/admin/tickets/{ticket}/commands/note", {"body": "Disk is full."}, 202)
            answer(it, ticket, "Now it should.")
            it.staff.advance("P3DT1S")
            until_state(it, ticket, "closed")
            check(it, ticket, "closed", ["It does not answer.", "Restarted.", "Still not.", "Disk is full.", "Now it should."],
                  ["ticket_answered", "ticket_answered", "ticket_closed"])
            world.same("tickets of the customer", [ticket], [row["id"] for row in it.customer.items("/api/client/tickets")])
        except Unexpected as problem:
            raise Unexpected(f"the life of a ticket with a crash at commit {number}", problem) from problem
        if it.crashes == 0:
            world.same("at least one crash for each of the six commits", True, number > 6)
            print(f"        {number - 1} commits")
            return
    raise Unexpected("a ticket's life with fewer than 60 commits", "it still crashed")


if __name__ == "__main__":
    program.run([closes_three_days_after_the_answer, a_reply_of_the_customer_stops_the_closing,
                 another_answer_gives_the_whole_three_days_and_a_note_does_not, survives_a_crash_at_every_commit])
