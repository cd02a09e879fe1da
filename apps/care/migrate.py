"""`shopbot migrate`: a shop in the files of a data folder is copied into PostgreSQL, and both are compared row by row.

Orders, conversations, checkpoints, journal and attempts are copied. Workflows are not: whatever return is unfinished is
taken up from the order database at the next start. Labels, mail and accounts stay in the data folder; the policies'
index is built anew. The files are locked while they are read, and stay as they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, func, insert, select

from shopbot.apps.serve.keeping import SCHEMAS, Keeping, open_keeping
from shopbot.apps.serve.serve_file import open_serve_file
from shopbot.apps.settings import command_settings
from shopbot.shop.database.connection import open_database
from shopbot.shop.database.models import Base
from shopbot.shop.errors import ShopError
from shopbot.shop.settings import Settings

BATCH = 500
SAID = ("conversations", "entries", "turns", "told", "ends", "correspondents", "letters")
NUMBERED = {"entries": "seq", "letters": "number"}
"""Of the server's tables those whose rows are numbered, and by which column."""
JOURNAL = {"agent_writes": "key", "agent_received": "conversation, place"}
_WRITES = "thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, {value}, task_path"


class NotMigrated(ShopError):
    """The shop was not copied; the files are as they were."""


def run_migrate(*, data: Path | None, source: str, target: str) -> int:
    """Copy the shop; returns the exit code.

    Raises:
        NotMigrated: the target holds a shop, or a row is not the same there.
        DatabaseError: one of the two cannot be used.
    """
    if source != "sqlite:" or not target.startswith("postgres"):
        raise NotMigrated(
            f"From {source} to {target}: what can be copied is `sqlite:` (the data folder) to PostgreSQL."
        )
    old = command_settings(data=data).model_copy(update={"database_url": None})
    new = old.model_copy(update={"database_url": target})
    with closing_engine(old) as files, closing_engine(new) as server:
        _refuse_if_used(server)
        counts = _copy_orders(files, server)
    with open_keeping(new) as keeping:
        counts |= _copy_said(old.data / "serve.db", keeping)
        counts |= _copy_memory(old, keeping)
    for name, count in counts.items():
        print(f"{name:20} {count:>10,} rows copied and compared")
    print("From now on, set SHOPBOT_DATABASE_URL to that database. The files have not been changed.")
    return 0


@contextmanager
def closing_engine(settings: Settings) -> Iterator[Engine]:
    """The order database, opened and migrated."""
    engine = open_database(settings.shop_database_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _refuse_if_used(server: Engine) -> None:
    with server.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if connection.execute(select(table).limit(1)).first() is not None:
                raise NotMigrated(f"The target has rows in {table.name} already: name an empty database.")


def _copy_orders(files: Engine, server: Engine) -> dict[str, int]:
    counts = {}
    with files.connect() as old, server.begin() as new:
        old.exec_driver_sql("BEGIN IMMEDIATE")
        for table in Base.metadata.sorted_tables:
            rows = [dict(row._mapping) for row in old.execute(select(table).order_by(*table.primary_key))]
            for start in range(0, len(rows), BATCH):
                new.execute(insert(table), rows[start : start + BATCH])
            _count_on(new, table)
            copied = [dict(row._mapping) for row in new.execute(select(table).order_by(*table.primary_key))]
            counts[table.name] = _compared(table.name, _by_key(rows), _by_key(copied))
    return counts


def _count_on(connection: Any, table: Table) -> None:
    """Let the next id of the table be one that is free."""
    if "id" in table.c and table.c.id.autoincrement:
        newest = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), newest, False)))


def _copy_said(file: Path, keeping: Keeping) -> dict[str, int]:
    if not file.exists():
        return {}
    with open_serve_file(file, *SCHEMAS):
        pass  # a file of an earlier version gets the tables that it lacks
    counts = {}
    with closing(_locked(file)) as old, keeping.said.transaction() as run:
        run("ALTER TABLE entries DISABLE TRIGGER serve_entry_kept")
        for table in SAID:
            rows = old.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
            _insert(run, table, rows)
            counts[f"{table} (server)"] = _compared(table, rows, run(f"SELECT * FROM {table}"))  # noqa: S608
        for table, column in NUMBERED.items():
            next_one = f"SELECT coalesce(max({column}), 0) + 1 FROM {table}"  # noqa: S608
            run(f"SELECT setval(pg_get_serial_sequence(?, ?), ({next_one}), false)", table, column)
        run("ALTER TABLE entries ENABLE TRIGGER serve_entry_kept")
    return counts


def _copy_memory(settings: Settings, keeping: Keeping) -> dict[str, int]:
    """Checkpoints through LangGraph's savers, whose tables differ; their writes and the journal row by row."""
    file = settings.data / "conversations.db"
    if not file.exists():
        return {}
    from shopbot.agents.memory import open_memory

    with open_memory(file, settings.seal) as old:
        old.journal.of_calls("", ["-"])
        with closing(_locked(file)) as locked, keeping.checkpoints() as run:
            counts = {}
            for table, order in JOURNAL.items():
                rows = locked.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()  # noqa: S608
                _insert(run, table, rows)
                counts[table] = _compared(table, rows, run(f"SELECT * FROM {table}"))  # noqa: S608
            writes = locked.execute(f"SELECT {_WRITES.format(value='value')} FROM writes").fetchall()  # noqa: S608
            _insert(run, f"checkpoint_writes ({_WRITES.format(value='blob')})", writes)
            found = run(f"SELECT {_WRITES.format(value='blob')} FROM checkpoint_writes")  # noqa: S608
            counts["checkpoint writes"] = _compared("checkpoint_writes", writes, found)
        counts["checkpoints"] = 0
        for each in old.list(None):
            config = each.parent_config or {"configurable": {**each.config["configurable"], "checkpoint_id": None}}
            versions = each.checkpoint["channel_versions"]
            keeping.memory.put(config, each.checkpoint, each.metadata, versions)
            copied = keeping.memory.get_tuple(each.config)
            if copied is None or (copied.checkpoint, copied.metadata, copied.parent_config) != (
                each.checkpoint,
                each.metadata,
                each.parent_config,
            ):
                raise _differs("checkpoints", each.config["configurable"]["thread_id"])
            counts["checkpoints"] += 1
    return counts


def _locked(file: Path) -> sqlite3.Connection:
    """The file, in which nobody else writes as long as it is open."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def _insert(run: Any, table: str, rows: Sequence[Sequence[Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        marks = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in some)
        run(f"INSERT INTO {table} VALUES {marks}", *(value for row in some for value in row))  # noqa: S608


def _by_key(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row.items()) for row in rows]


def _compared(table: str, old: Sequence[Sequence[Any]], new: Sequence[Sequence[Any]]) -> int:
    if sorted(map(repr, map(tuple, old))) != sorted(map(repr, map(tuple, new))):
        raise _differs(table, f"{len(old)} rows against {len(new)}")
    return len(old)


def _differs(table: str, what: str) -> NotMigrated:
    return NotMigrated(f"{table} is not the same in the target ({what}): empty the target and try again.")
