"""Memory: conversations kept in a SQLite file or in PostgreSQL, to be resumed by their thread after a restart or a
crash."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from langgraph.checkpoint.sqlite import SqliteSaver

from shopbot.agents.checkpoints import CompactSerializer, InThreads, MemoryFileError
from shopbot.agents.stores import SqlJournal, run_for
from shopbot.agents.turn_locks import TurnLocks
from shopbot.encryption import PLAIN, Seal
from shopbot.errors import extra

if TYPE_CHECKING:
    from shopbot.agents.postgres.memory import PostgresMemory
    from shopbot.agents.postgres.worker import Worker

BUSY_TIMEOUT_S = 5.0


class Memory(InThreads, SqliteSaver):
    """LangGraph's SQLite saver, for `ainvoke` as well: its calls take well under a millisecond, in a thread.

    Beside the checkpoints it keeps the journal of the conversations, beside its file their locks.
    """

    def __init__(self, connection: sqlite3.Connection, lock_file: Path | None = None, seal: Seal = PLAIN) -> None:
        super().__init__(connection, serde=CompactSerializer(seal))
        run = run_for(self)
        assert run is not None  # noqa: S101 (it is a SqliteSaver)
        self.journal = SqlJournal(run, seal)
        self.locks = TurnLocks(lambda: lock_file)


@contextmanager
def open_memory(place: Path | str | Worker, seal: Seal = PLAIN) -> Iterator[Memory | PostgresMemory]:
    """The conversations in a SQLite file, which is made when it is not there, or in a PostgreSQL named by its URL or by
    an open worker of it. A `seal` with a key encrypts what is kept from now on.

    Raises:
        MemoryFileError: the file is damaged, locked, or cannot be written, and is left as it is; or the server cannot
            be used.
    """
    if not isinstance(place, Path):
        with extra("postgres", "PostgreSQL"):
            from shopbot.agents.postgres.memory import open_postgres_memory
        with open_postgres_memory(place, seal=seal) as shared:
            yield shared
        return
    with _open_file(place, seal) as memory:
        yield memory


@contextmanager
def _open_file(file: Path, seal: Seal) -> Iterator[Memory]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        connection.execute("PRAGMA journal_mode=WAL")
        memory = Memory(connection, file.with_name(file.name + "-turns"), seal)
        memory.setup()
    except (sqlite3.Error, OSError) as error:
        raise MemoryFileError(
            f"The conversations in {file} cannot be opened ({error}): close whatever uses the file, or move it away "
            "to start with no earlier conversations; nothing has been deleted."
        ) from None
    try:
        yield memory
    finally:
        memory.locks.close()
        connection.close()
