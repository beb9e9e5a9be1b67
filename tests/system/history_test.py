"""A long history costs nobody anything: its actor works as any other, its pages cost the same from first to last, it is backed up, erased and trimmed.

ctest takes 100,000 entries; `--rounds 10` takes 1,000,000 and also waits for retention, whose first round comes five minutes after a start.
"""

import json
import os

from backup_test import ask_server, drop, empty_place, run
from harness import api, program, world
from harness.chronicle import HOLDER, PAGE, Chronicle, median
from harness.database import number, rows, text
from harness.process import Unexpected, until

ENTRIES = 100_000
SAMPLE = 20  # pages, commands
MOST_BLOCKS = 3 * PAGE  # read for a page of the journal, each of whose rows might lie in a block of its own
MOST_BYTES = 512 * 1024  # read from an embedded database to load an actor and to write one entry: some dozen pages


def entries_of(bench):
    return ENTRIES * (bench.rounds or 1)


def check_plan(chronicle, after):
    """That the database finds a page of the journal by its key, whatever lies before it; how many blocks it reads, where it tells."""
    it = chronicle.it
    query = f"select actor, version, at, trace, decision, entries from journal where actor = '{chronicle.actor}' and version > {after} order by version limit {PAGE}"
    if it.bench.postgres:
        plan = json.loads(it.bench.postgres.sql("explain (analyze, buffers, format json) " + query, it.name))[0]["Plan"]
        blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        if blocks > MOST_BLOCKS:
            raise Unexpected(f"a page behind {after} reads at most {MOST_BLOCKS} blocks", json.dumps(plan)[:2000])
        return blocks
    plan = " / ".join(row[-1] for row in rows(it, "explain query plan " + query))
    if "SEARCH journal USING PRIMARY KEY (actor=? AND version>?)" not in plan or "TEMP B-TREE" in plan:
        raise Unexpected(f"a page behind {after} is found by its key", plan)
    return None


def bytes_read(it):
    """So many the server has read until now, out of files or of the system's memory of them, and from sockets."""
    with open(f"/proc/{it.server.pid()}/io", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("rchar:"))


def rows_of_the_journal_read(it):
    """By the database's own count, since it was last set to zero; sessions tell it when they end."""
    return number(it, "select coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0) from pg_stat_user_tables where relname like 'journal%'")


def costs_nobody_anything_however_long_it_is(bench):
    chronicle = Chronicle(bench, entries_of(bench))
    it = chronicle.it
    try:
        short, long = chronicle.add(chronicle.short, SAMPLE), chronicle.add(chronicle.actor, SAMPLE)
        pages, middle = chronicle.read_all()
        world.same("entries", chronicle.entries + SAMPLE, chronicle.read)
        world.same("their count in the record", chronicle.entries - 1 + SAMPLE, it.service(chronicle.actor)["attributes"]["count"])
        if HOLDER not in json.dumps(middle, ensure_ascii=False):
            raise Unexpected("the page in the middle shows what is personal", json.dumps(middle)[:500])
        first, last = pages[:SAMPLE], pages[-SAMPLE - 1:-1]
        blocks = [check_plan(chronicle, after) for after in (0, chronicle.entries // 2, chronicle.entries - PAGE)]
        # what grows with the history would be hundreds of times slower; a busy machine is not
        if median(last) > 5 * median(first) + 0.05 or median(long) > 5 * median(short) + 0.05:
            raise Unexpected("page and command cost the same", f"pages {median(first):.4f} and {median(last):.4f} s, commands {median(short):.4f} and {median(long):.4f} s")

        # the actor in memory is what its row says: to wake it, nothing of its journal is read
        world.same("exit status after SIGTERM", 0, it.server.terminate())
        if bench.postgres:
            bench.postgres.sql("select pg_stat_reset()", it.name)
        it.server.start()
        chronicle.add(chronicle.short, 1)
        before = bytes_read(it)
        chronicle.add(chronicle.actor, 1)
        woken = bytes_read(it) - before
        if not bench.postgres and woken > MOST_BYTES:
            raise Unexpected(f"at most {MOST_BYTES} bytes are read to load the actor and to decide", woken)
        chronicle.add(chronicle.actor, 1)
        world.same("exit status after SIGTERM", 0, it.server.terminate())
        if bench.postgres:
            until("the database has counted the three commands",
                  lambda: number(it, "select coalesce(sum(n_tup_ins), 0) from pg_stat_user_tables where relname like 'journal%'") >= 3)
            world.same("rows of the journal read to load actors and to decide", 0, rows_of_the_journal_read(it))
        world.same("rows of the journal", chronicle.entries + SAMPLE + 2, number(it, f"select count(*) from journal where actor = '{chronicle.actor}'"))
        print(f"        {chronicle.entries} entries: page of {PAGE} {median(first) * 1000:.1f} ms at the start, {median(last) * 1000:.1f} ms at the end"
              f"{f' ({blocks[0]}, {blocks[1]} and {blocks[2]} blocks at start, middle and end)' if bench.postgres else ''}; "
              f"command {median(short) * 1000:.1f} ms with a short history, {median(long) * 1000:.1f} ms with the long one", flush=True)
    finally:
        chronicle.close()


def is_backed_up_and_restored(bench):
    chronicle = Chronicle(bench, entries_of(bench))
    it = chronicle.it
    try:
        made = ask_server(it)
        chronicle.add(chronicle.actor, 1)  # not in the backup any more
        place = empty_place(it, "restored")
        status, told = run(it, place, "restore", "--from", made)
        world.same("the restore: " + told, 0, status)
        it.server.kill()
        it.server = place.start()
        for who in (it.staff, it.admin):
            who._server = place
        try:
            _, middle = chronicle.read_all()
            world.same("entries", chronicle.entries, chronicle.read)
            if HOLDER not in json.dumps(middle, ensure_ascii=False):
                raise Unexpected("what is personal can be read with the same key", json.dumps(middle)[:500])
            chronicle.add(chronicle.actor, 1)
            size = sum(os.path.getsize(os.path.join(made, name)) for name in os.listdir(made))
            print(f"        {chronicle.entries} entries backed up ({size >> 20} MiB), restored, read and added to", flush=True)
        finally:
            it.server.close()
            drop(it, "restored")
    finally:
        chronicle.close()


def is_erased_without_being_rewritten_and_trimmed(bench):
    chronicle = Chronicle(bench, entries_of(bench))
    it = chronicle.it

    def written(below):
        column = text(it, "entries")
        return rows(it, f"select count(*), sum(length({column})), sum(version) from journal where actor = '{chronicle.actor}' and version <= {below}")

    try:
        chronicle.end()
        before = written(chronicle.entries + 1)
        seconds = chronicle.erase()
        world.same("rows, letters and versions of the journal", before, written(chronicle.entries + 1))
        page, _ = chronicle.page(chronicle.personal - PAGE // 2)
        shown = json.dumps(page, ensure_ascii=False)
        world.same("what is personal", (False, True), (HOLDER in shown, "(erased)" in shown))
        world.same("the last entry", ["erased"], [fact["type"] for entry in chronicle.page(chronicle.entries + 1)[0]["items"] for fact in entry["entries"]])
        world.same("the attribute", None, it.service(chronicle.actor)["attributes"].get("holder"))
        line = f"{chronicle.entries} entries, erased in {seconds * 1000:.0f} ms without touching one"
        if bench.rounds:
            spent = chronicle.trim()
            world.same("rows left in the journals", [("0",)], rows(it, f"select count(*) from journal where actor in ('{chronicle.actor}', '{chronicle.short}')"))
            world.same("the actor itself", "ended", it.service(chronicle.actor)["state"])
            world.same("its journal", [], chronicle.page(0)[0]["items"])
            line += f"; trimmed in {spent:.0f} s"
        world.same("ready", 200, api.exchange(it.server.port, "GET", "/readyz").status)
        print("        " + line, flush=True)
    finally:
        chronicle.close()


if __name__ == "__main__":
    program.run([costs_nobody_anything_however_long_it_is, is_backed_up_and_restored, is_erased_without_being_rewritten_and_trimmed])
