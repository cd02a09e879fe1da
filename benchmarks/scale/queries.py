"""What one turn on PostgreSQL costs: statements by table, and bytes of log. Behind the gate, on a scripted model.

python -m benchmarks.scale.queries
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.scale.database import postgres
from benchmarks.serve.agents import gated
from shopbot.apps.serve.hub import Hub
from shopbot.apps.serve.metrics import Metrics
from shopbot.apps.serve.records import Records
from shopbot.apps.serve.served import Served
from shopbot.apps.serve.server import SCHEMAS
from shopbot.apps.serve.shared.relay import Relay
from shopbot.apps.serve.shared.store import SharedStore
from shopbot.apps.serve.shared.tables import open_serve_tables
from shopbot.apps.serve.turns import Turns

TURNS = 20
_TABLE = re.compile(r"(?:INTO|FROM|UPDATE)\s+(\w+)", re.IGNORECASE)
_OTHERS = ("agent_workers", "LISTEN", "pg_notify")
"""Statements of the worker's heart and of the relay: they come by time, not by turn."""


def count_statements() -> Counter[str]:
    """Count what this process sends from now on, by kind and first table."""
    sent: Counter[str] = Counter()
    execute = psycopg.Cursor.execute

    def counted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        words = query.decode() if isinstance(query, bytes) else str(query)
        if not any(other in words for other in _OTHERS):
            table = _TABLE.search(words)
            sent[f"{words.split()[0]} {table[1] if table else ''}"] += 1
        return execute(self, query, *args, **kwargs)

    psycopg.Cursor.execute = counted  # type: ignore[method-assign]
    return sent


async def talk(url: str, folder: Path) -> None:
    """Talk through the server's own parts, without HTTP, which sends nothing to the database."""
    with open_serve_tables(url, *SCHEMAS) as tables:
        from shopbot.agents.memory import open_memory

        with open_memory(tables.worker) as memory:
            store, hub = SharedStore(tables), Hub()
            Relay(tables, store, hub)
            opening: asyncio.Future[Served] = asyncio.get_running_loop().create_future()
            opening.set_result(Served(gated(memory), "gated", "script"))
            turns = Turns(opening, store, Records(tables), hub, Metrics())
            await turns.take_up()
            store.create("chat", "visitor")
            for number in range(3):
                await _turn(turns, f"before-{number}")
            with tables.worker.connection() as connection:
                begin = _wal(connection)
                sent = count_statements()
                for number in range(TURNS):
                    await _turn(turns, f"turn-{number}")
                counted, written = sent.copy(), _wal(connection) - begin
    for name, count in counted.most_common():
        print(f"{count / TURNS:6.2f}  {name}")
    print(f"{counted.total() / TURNS:6.2f}  statements a turn; {written / TURNS / 1024:.1f} KB of log a turn")


async def _turn(turns: Turns, id: str) -> None:
    await turns.receive("chat", id, f"Have a look ({id})", {})
    await turns.close(60)


def _wal(connection: Any) -> int:
    row = connection.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes").fetchone()
    return int(row["bytes"])


def main() -> None:
    """Count once."""
    with postgres() as database, tempfile.TemporaryDirectory() as folder:
        asyncio.run(talk(database.url, Path(folder)))


if __name__ == "__main__":
    main()
