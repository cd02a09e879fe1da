"""Where a shop keeps what was said: the server's records and the agent's checkpoints, in files or in PostgreSQL.

Statements are written once, with `?` for values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbot.agents.memory import Memory, open_memory
from shopbot.apps.serve import letters, records, store
from shopbot.apps.serve.serve_file import Run, Tables, open_serve_file

if TYPE_CHECKING:
    from shopbot.agents.postgres.memory import PostgresMemory
    from shopbot.shop.settings import Settings

SCHEMAS = (store.SCHEMA, records.SCHEMA, letters.SCHEMA)
OF_CONVERSATION = ("told", "ends", "turns", "letters", "correspondents", "entries")
"""The server's tables besides `conversations`, each with a column `conversation`."""
CHECKPOINTS = ("checkpoints", "writes")
CHECKPOINTS_POSTGRESQL = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


@dataclass(frozen=True)
class Keeping:
    """Open places: `said` the server's, `memory` the agent's."""

    said: Tables
    memory: Memory | PostgresMemory

    @contextmanager
    def checkpoints(self) -> Iterator[Run]:
        """A transaction over the agent's tables."""
        if isinstance(self.memory, Memory):
            with self.memory.lock, self.memory.conn as connection:
                yield lambda sql, *values: connection.execute(sql, values).fetchall()
        else:
            from shopbot.apps.serve.shared.tables import ServeTables

            with ServeTables(self.memory.worker).transaction() as run:
                yield run

    @property
    def checkpoint_tables(self) -> tuple[str, ...]:
        """The saver's tables, each with a column `thread_id`."""
        return CHECKPOINTS if isinstance(self.memory, Memory) else CHECKPOINTS_POSTGRESQL

    def forget(self, conversation: str) -> dict[str, int]:
        """Delete a conversation everywhere; how many rows went, by table."""
        gone = {}
        with self.said.transaction() as run:
            for table in OF_CONVERSATION:
                gone[table] = len(run(f"DELETE FROM {table} WHERE conversation = ? RETURNING 1", conversation))  # noqa: S608
            gone["conversations"] = len(run("DELETE FROM conversations WHERE id = ? RETURNING 1", conversation))
        with self.checkpoints() as run:
            for table in self.checkpoint_tables:
                gone[table] = len(run(f"DELETE FROM {table} WHERE thread_id = ? RETURNING 1", conversation))  # noqa: S608
            for table in ("agent_received", "agent_writes"):
                gone[table] = len(run(f"DELETE FROM {table} WHERE conversation = ? RETURNING 1", conversation))  # noqa: S608
        return gone


@contextmanager
def open_keeping(settings: Settings) -> Iterator[Keeping]:
    """The places of this shop.

    Raises:
        ServeFileError, MemoryFileError: one cannot be opened.
    """
    with ExitStack() as stack:
        if settings.postgres_url is None:
            said: Tables = stack.enter_context(
                open_serve_file(settings.data / "serve.db", *SCHEMAS, seal=settings.seal)
            )
            memory = stack.enter_context(open_memory(settings.conversations, settings.seal))
        else:
            from shopbot.apps.serve.shared.tables import open_serve_tables

            said = tables = stack.enter_context(open_serve_tables(settings.postgres_url, *SCHEMAS, seal=settings.seal))
            memory = stack.enter_context(open_memory(tables.worker, settings.seal))
        memory.journal.of_calls("", ["-"])  # makes its tables, where they are missing
        yield Keeping(said, memory)
