"""The database of an installation, looked at and written behind the server's back."""

import os
import sqlite3


def rows(it, query):
    """Tuples of texts; an empty text for null. No column may hold a line break."""
    if it.bench.postgres:
        return [tuple(line.split("\x1f")) for line in it.bench.postgres.sql(query, it.name, separator="\x1f").splitlines()]
    with_file = _open(it)
    try:
        return [tuple("" if cell is None else str(cell) for cell in row) for row in with_file.execute(query)]
    finally:
        with_file.close()


def number(it, query):
    return int(rows(it, query)[0][0])


def script(it, statements):
    """All of them in one transaction. `statements`: text with semicolons between them."""
    if it.bench.postgres:
        it.bench.postgres.sql("begin;" + statements + ";commit", it.name, limit=1800)
        return
    with_file = _open(it)
    try:
        with_file.executescript("begin immediate;" + statements + ";commit")
    finally:
        with_file.close()


def settled(it):
    """After many rows have come or gone: what the database itself does later at its leisure is done, so that no measurement meets it."""
    if it.bench.postgres:
        it.bench.postgres.sql("vacuum analyze", it.name, limit=1800)
        return
    with_file = _open(it)
    try:
        with_file.execute("pragma wal_checkpoint(truncate)")
    finally:
        with_file.close()


def numbers(it, first, last, name="n"):
    """A relation of the whole numbers from `first` to `last` under `name`, for the from-clause of a select."""
    if it.bench.postgres:
        return f"generate_series(cast({first} as bigint), cast({last} as bigint)) as g({name})"
    return f"(with recursive g({name}) as (select {first} union all select {name} + 1 from g where {name} < {last}) select {name} from g)"


def text(it, column):
    """An expression: the document in `column` as text."""
    return f"cast({column} as text)" if it.bench.postgres else column


def document(it, expression):
    """An expression: the text as a document."""
    return f"cast({expression} as json)" if it.bench.postgres else expression


def multiply(it, table, where, first, last, changes):
    """A statement: the row of `table` that `where` names, once more for each number n, with other values in the columns of `changes` (expressions)."""
    if it.bench.postgres:
        columns = [name for (name,) in rows(it, f"select column_name from information_schema.columns where table_name = '{table}' and is_identity = 'NO' order by ordinal_position")]
    else:
        columns = [name for (name,) in rows(it, f"select name from pragma_table_info('{table}') where name <> 'seq'")]
    values = ", ".join(changes.get(column, f"{table}.{column}") for column in columns)
    return f"insert into {table} ({', '.join(columns)}) select {values} from {table}, {numbers(it, first, last)} where {where};"


def _open(it):
    return sqlite3.connect(os.path.join(it.server.settings["data.dir"], "stellwerk.db"), timeout=30, isolation_level=None)
