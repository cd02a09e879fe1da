"""Conversations by the thousand: does a turn stay as quick, how large is a conversation, what does `tidy` bring back?

Conversations are copies of one that was really led, made inside the database; then a turn is taken in some of them.

python -m benchmarks.scale.growth --conversations 1000 10000 100000
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.scale.database import postgres
from benchmarks.serve.agents import gated
from shopbot.agents.memory import open_memory
from shopbot.apps.serve.keeping import SCHEMAS, Keeping
from shopbot.apps.serve.shared.store import SharedStore
from shopbot.apps.serve.shared.tables import ServeTables, open_serve_tables
from shopbot.apps.serve.tidy import tidy

TURNS = 5
"""Of the conversation that is copied."""
PROBES = 30
_COPIED = {
    "conversations": "id",
    "entries": "conversation",
    "checkpoints": "thread_id",
    "checkpoint_blobs": "thread_id",
    "checkpoint_writes": "thread_id",
}
_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = ? AND is_identity = 'NO'"


def lead(agent: Any, store: SharedStore, conversation: str, turns: int) -> list[float]:
    """Talk; the seconds of each turn, of the agent alone."""
    took = []
    config = {"configurable": {"thread_id": conversation}}
    store.create(conversation, "visitor")
    for number in range(turns):
        entry, _ = store.receive(conversation, f"m{time.monotonic_ns()}", f"Have a look ({number})", {})
        began = time.perf_counter()
        state = agent.invoke({"messages": [("user", entry.text)]}, config)
        took.append(time.perf_counter() - began)
        store.say(conversation, f"r{time.monotonic_ns()}", "bot", state["messages"][-1].text, {}, answers=entry.id)
    return took


def multiply(tables: ServeTables, first: int, last: int) -> None:
    """Copies number `first` to `last` of the conversation "model"."""
    with tables.transaction() as run:
        for table, column in _COPIED.items():
            others = ", ".join(row[0] for row in run(_COLUMNS, table) if row[0] != column)
            run(
                f"INSERT INTO {table} ({column}, {others}) SELECT 'copy-' || n, {others} FROM {table},"
                f" generate_series(?::int, ?::int) AS n WHERE {column} = 'model'",
                first,
                last,
            )
        newest = "SELECT max(seq) FROM entries WHERE conversation = conversations.id"
        run(f"UPDATE conversations SET newest = ({newest}) WHERE starts_with(id, 'copy-')")
    with tables.worker.connection() as connection:
        connection.execute("VACUUM ANALYZE")


def size(tables: ServeTables) -> int:
    """Bytes of all tables with their indices."""
    with tables.transaction() as run:
        return int(run("SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid ="
                       " relnamespace WHERE nspname = 'public' AND relkind = 'r'")[0][0])  # fmt: skip


def page_ms(store: SharedStore, **asked: Any) -> float:
    """Milliseconds of one page of the list."""
    began = time.perf_counter()
    store.listed(**asked)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure at each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, nargs="+", default=[1_000, 10_000])
    given = parser.parse_args()
    with (
        postgres() as database,
        open_serve_tables(database.url, *SCHEMAS) as tables,
        open_memory(tables.worker) as memory,
    ):
        agent, store, there = gated(memory), SharedStore(tables), 0
        lead(agent, store, "model", TURNS)
        for count in given.conversations:
            multiply(tables, there + 1, count)
            there = count
            took = [lead(agent, store, f"copy-{count - each}", 1)[0] for each in range(PROBES)]
            found = page_ms(store, words="(3)"), page_ms(store, words="nowhere to be found")
            print(
                f"{count:>8,} conversations: a turn {1000 * statistics.median(took):.1f} ms,"
                f" {size(tables) / count / 1024:.1f} KB each; list {page_ms(store):.0f} ms,"
                f" search {found[0]:.0f} ms, in vain {found[1]:.0f} ms",
                flush=True,
            )
        before, began = size(tables), time.perf_counter()
        tidy(Keeping(tables, memory), None, datetime.now(UTC) + timedelta(hours=2))
        took_s = time.perf_counter() - began
        with tables.worker.connection() as connection:
            connection.execute("VACUUM FULL")
        print(f"tidy: {before / 2**20:.0f} MB -> {size(tables) / 2**20:.0f} MB in {took_s:.0f} s")


if __name__ == "__main__":
    main()
