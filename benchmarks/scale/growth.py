"""Conversations by the thousand: does a turn stay as cheap, how large is a conversation, are the console's pages quick?

Stored conversations are copies of one that was really led, in other words each, made inside the database. First as
their turns left them, to see what `tidy` brings back; then as it leaves them, up to each size, and in some of those a
turn is taken. A turn costs what this process and the database's take of the processor.

python -m benchmarks.scale.growth --conversations 1000 10000 100000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.scale.database import postgres
from benchmarks.scale.load import cpu_of
from benchmarks.serve.agents import gated
from shopbot.apps.serve.keeping import Keeping, open_keeping
from shopbot.apps.serve.serve_file import Run
from shopbot.apps.serve.shared.store import SharedStore
from shopbot.apps.serve.shared.tables import ServeTables
from shopbot.apps.serve.store import Store
from shopbot.apps.serve.tidy import tidy
from shopbot.shop.settings import Settings, load_settings

TURNS = 5
"""Of the conversation that is copied."""
UNTIDIED = 500
PROBES = 40
_SAID = {"conversations": "id", "entries": "conversation"}
_NUMBERS = "WITH RECURSIVE copy (n) AS (SELECT CAST({} AS BIGINT) UNION ALL SELECT n + 1 FROM copy WHERE n < {})"
# As unlike as the words of customers are: nearly every part of a text occurs in few others.
_OTHER_WORDS = (
    "text || ' C' || CAST(n * 7919 AS TEXT) || ' J' || CAST(n * 104729 - 99991 * (n * 104729 / 99991) AS TEXT)"
)
_SIZE = (
    "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
    " WHERE nspname = 'public' AND relkind = 'r'"
)
_USED = (
    "SELECT (page_count - freelist_count) * page_size"
    " FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
)


@dataclass(frozen=True)
class Place:
    """A database of conversations."""

    keeping: Keeping
    store: Store
    agent: Any

    @property
    def is_postgres(self) -> bool:
        """Whether a server keeps it."""
        return isinstance(self.keeping.said, ServeTables)

    def lead(self, conversation: str, turns: int) -> None:
        """Talk."""
        self.store.create(conversation, "visitor")
        config = {"configurable": {"thread_id": conversation}}
        for number in range(turns):
            entry, _ = self.store.receive(conversation, f"m{time.monotonic_ns()}", f"Have a look ({number})", {})
            state = self.agent.invoke({"messages": [("user", entry.text)]}, config)
            reply = state["messages"][-1].text
            self.store.say(conversation, f"r{time.monotonic_ns()}", "bot", reply, {}, answers=entry.id)

    def multiply(self, model: str, name: str, first: int, last: int) -> None:
        """Copies number `first` to `last` of a conversation."""
        checkpoints = dict.fromkeys(self.keeping.checkpoint_tables, "thread_id")
        for tables, transaction in ((_SAID, self.keeping.said.transaction), (checkpoints, self.keeping.checkpoints)):
            with transaction() as run:
                for table, key in tables.items():
                    self._copy(run, table, key, (model, name, first, last))
        newest = "SELECT max(seq) FROM entries WHERE conversation = conversations.id"
        with self.keeping.said.transaction() as run:
            run(f"UPDATE conversations SET newest = ({newest}) WHERE id LIKE ?", f"{name}-%")
        self.settle("ANALYZE")

    def _copy(self, run: Run, table: str, key: str, which: tuple[str, str, int, int]) -> None:
        model, name, first, last = which
        names = "SELECT name FROM pragma_table_info(?)"
        if self.is_postgres:
            names = "SELECT column_name FROM information_schema.columns WHERE table_name = ?"
        columns = [row[0] for row in run(names, table) if row[0] not in (key, "seq")]
        values = ", ".join(_OTHER_WORDS if column == "text" else column for column in columns)
        run(
            f"{_NUMBERS.format(first, last)} INSERT INTO {table} ({key}, {', '.join(columns)})"
            f" SELECT ? || CAST(n AS TEXT), {values} FROM {table}, copy WHERE {key} = ?",
            f"{name}-",
            model,
        )

    def settle(self, how: str) -> None:
        """What the database does by itself from time to time."""
        if isinstance(self.keeping.said, ServeTables):
            with self.keeping.said.worker.connection() as connection:
                connection.execute(f"VACUUM ({how})".encode())

    def size(self) -> int:
        """Bytes of all tables with their indices."""
        with self.keeping.said.transaction() as said, self.keeping.checkpoints() as kept:
            return int(said(_SIZE)[0][0]) if self.is_postgres else sum(int(run(_USED)[0][0]) for run in (said, kept))

    def cpu_s(self) -> float:
        """What this process and the database's have taken of the processor so far."""
        if not self.is_postgres:
            return time.process_time()
        with self.keeping.said.transaction() as run:
            folder = Path(run("SHOW data_directory")[0][0])
        server = int((folder / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        return time.process_time() + cpu_of(server)


@contextmanager
def open_place(settings: Settings) -> Iterator[Place]:
    """The conversations of an empty shop."""
    with open_keeping(settings) as keeping:
        store = SharedStore(keeping.said) if isinstance(keeping.said, ServeTables) else Store(keeping.said)
        yield Place(keeping, store, gated(keeping.memory))


def milliseconds(do: Callable[[], object]) -> float:
    """How long it takes, the quickest of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        do()
        took.append(1000 * (time.perf_counter() - began))
    return min(took)


def pages_ms(place: Place, count: int) -> dict[str, float]:
    """Milliseconds of pages of the console."""
    store = place.store
    rare = f"C{7919 * (count // 2)}"
    middle = store.listed(words=rare)[0].newest
    asked: dict[str, dict[str, Any]] = {
        "list": {},
        "page from the middle": {"before": middle},
        "who waits": {"only": "waiting"},
        "search, rare": {"words": rare},
        "search, in a hundredth": {"words": "J77"},
        "search, in all": {"words": "have a look"},
        "search, in vain": {"words": "nowhere to be found"},
    }
    return {name: milliseconds(lambda given=given: store.listed(**given)) for name, given in asked.items()}  # type: ignore[misc]


def turn_cpu_ms(place: Place, count: int) -> float:
    """Of the processor, a turn in a stored conversation."""
    began = place.cpu_s()
    for each in range(PROBES):
        place.lead(f"copy-{1 + each * count // PROBES}", 1)
    return 1000 * (place.cpu_s() - began) / PROBES


def tidied(place: Place) -> None:
    """Say what `tidy` brings back of conversations as their turns left them."""
    empty = place.size()
    place.multiply("model", "untidied", 1, UNTIDIED)
    place.settle("FULL")
    before, began = place.size() - empty, time.process_time()
    tidy(place.keeping, None, datetime.now(UTC) + timedelta(hours=2))
    took_s = time.process_time() - began
    place.settle("FULL")
    kb = [size / UNTIDIED / 1024 for size in (before, place.size() - empty)]
    print(
        f"  a conversation of {TURNS} turns: {kb[0]:.1f} KB; after tidy {kb[1]:.1f} KB,"
        f" for {1000 * took_s / UNTIDIED:.1f} ms of the processor",
        flush=True,
    )


def measure(settings: Settings, sizes: list[int]) -> None:
    """Fill up to each size, and measure there."""
    with open_place(settings) as place:
        place.lead("model", TURNS)
        tidied(place)
        there = 0
        place.lead("copy-0", TURNS)  # the first turns of a process cost more
        for count in sizes:
            began = time.perf_counter()
            place.multiply("model", "copy", there + 1, count)
            there = count
            filled_s = time.perf_counter() - began
            pages = "; ".join(f"{name} {ms:.1f} ms" for name, ms in pages_ms(place, count).items())
            print(
                f"  {count:>8,}: a turn {turn_cpu_ms(place, count):.1f} ms of the processor; {pages}"
                f" ({place.size() / 2**20:.0f} MB, filled in {filled_s:.0f} s)",
                flush=True,
            )


def main() -> None:
    """Measure in a file and in a PostgreSQL that are gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--url", help="an empty database of a PostgreSQL on this machine, for one with pg_trgm")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="growth-", ignore_cleanup_errors=True) as folder:
        data = Path(folder)
        print("SQLite")
        measure(load_settings(data=data), given.conversations)
        if given.url:
            print("PostgreSQL at that URL")
            measure(load_settings(data=data, database_url=given.url), given.conversations)
            return
        with postgres() as database:
            print("PostgreSQL")
            measure(load_settings(data=data, database_url=database.url), given.conversations)


if __name__ == "__main__":
    main()
