"""Conversations in PostgreSQL: LangGraph's saver, with a pool in the place of its one connection and its one lock.

LangGraph's `PostgresSaver` holds a lock around every statement, also over a pool, and `AsyncPostgresSaver` one for its
event loop: a turn then waits for all others at each of its steps. Here every transaction has a connection of its own,
for as long as it lasts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg.rows import DictRow, dict_row

from shopbot.agents.checkpoints import CompactSerializer, InThreads, MemoryFileError
from shopbot.agents.postgres import locks
from shopbot.agents.postgres.batch import Batch
from shopbot.agents.postgres.journal import PostgresJournal
from shopbot.agents.postgres.worker import LEASE_S, Worker, unreachable
from shopbot.agents.stores import TABLES
from shopbot.encryption import PLAIN, Seal
from shopbot.postgres_url import libpq_url


class PostgresMemory(InThreads, PostgresSaver):
    """LangGraph's PostgreSQL saver for one worker. Beside the checkpoints it keeps journal and locks.

    What a turn puts is written at its end, before its first write, and before anybody in this process reads it. A turn
    that dies before that has done nothing but read, and is run again from the journal.
    """

    def __init__(self, worker: Worker, seal: Seal = PLAIN) -> None:
        super().__init__(None, serde=CompactSerializer(seal))  # type: ignore[arg-type]  # `_cursor` brings its own
        self.worker = worker
        self.locks = locks.LeaseLocks(worker, before_release=self._write_if_kept)
        self.journal = PostgresJournal(worker, self._write_kept, seal)
        self._seal = seal
        self._kept: dict[str, Batch] = {}
        self._guard = threading.Lock()
        self._into = threading.local()

    def setup(self) -> None:
        """Make the tables that are missing; processes that start together do it one after the other."""
        with self.worker.setting_up() as alone:
            super().setup()
            for table in (*TABLES, *locks.TABLE):
                alone.execute(table.encode())

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As LangGraph's."""
        self._write_if_kept(config["configurable"]["thread_id"])
        return super().get_tuple(config)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """As LangGraph's."""
        for conversation in tuple(self._kept):
            self._write_if_kept(conversation)
        return super().list(config, filter=filter, before=before, limit=limit)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As LangGraph's, which keeps short values beside the others, in plain; inside a turn it is kept back."""
        values = {name: self._kept_value(value) for name, value in checkpoint["channel_values"].items()}
        with self._keeping(config):
            return super().put(config, {**checkpoint, "channel_values": values}, metadata, new_versions)

    def _kept_value(self, value: Any) -> Any:
        return self._seal.text(value) if isinstance(value, str) else value

    def _load_checkpoint_tuple(self, value: DictRow) -> CheckpointTuple:
        found = super()._load_checkpoint_tuple(value)
        values = found.checkpoint["channel_values"]
        values.update({name: self._seal.plain(kept) for name, kept in values.items() if isinstance(kept, str)})
        return found

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """As LangGraph's; inside a turn it is kept back."""
        with self._keeping(config):
            super().put_writes(config, writes, task_id, task_path)

    @contextmanager
    def _keeping(self, config: RunnableConfig) -> Iterator[None]:
        conversation = config["configurable"]["thread_id"]
        if not self.locks.is_locked(conversation):
            yield
            return
        self._into.batch = Batch()
        try:
            yield
        finally:
            put, self._into.batch = self._into.batch, None
            with self._guard:
                self._kept.setdefault(conversation, Batch()).extend(put)

    @contextmanager
    def _cursor(self, *, pipeline: bool = False) -> Iterator[Any]:
        batch = getattr(self._into, "batch", None)
        if batch is not None:
            yield batch
            return
        with (
            self.worker.connection() as connection,
            connection.cursor(binary=True, row_factory=dict_row) as cursor,
            connection.transaction() if pipeline else nullcontext(),
        ):
            yield cursor

    def _write_kept(self, conversation: str, then: str = "SELECT 1", values: Sequence[Any] = ()) -> None:
        """Write what the turn of the conversation has kept back, and do what comes `then`."""
        with self._guard:
            kept = self._kept.pop(conversation, Batch())
        try:
            with self.worker.connection() as connection:
                kept.write(connection, then, values)
        except BaseException:
            with self._guard:
                kept.extend(self._kept.pop(conversation, Batch()))
                self._kept[conversation] = kept
            raise

    def _write_if_kept(self, conversation: str) -> None:
        if conversation in self._kept:
            self._write_kept(conversation)


@contextmanager
def open_postgres_memory(
    place: str | Worker, lease_s: float = LEASE_S, *, seal: Seal = PLAIN
) -> Iterator[PostgresMemory]:
    """The conversations in the PostgreSQL at a URL, or of an open worker, which stays open. Tables are made when they
    are not there.

    Raises:
        MemoryFileError: the server cannot be used; the sentence says why.
    """
    worker = Worker(libpq_url(place), lease_s) if isinstance(place, str) else place
    try:
        if worker is not place:
            worker.open()
        memory = PostgresMemory(worker, seal)
        memory.setup()
    except psycopg.Error as error:
        raise MemoryFileError(unreachable(error)) from None
    try:
        yield memory
    finally:
        memory.locks.close()
        if worker is not place:
            worker.close()
