"""Memory: conversations kept in a SQLite file or in PostgreSQL, to be resumed by their thread after a restart or a
crash."""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from shopbot.agents.stores import SqlJournal, run_for
from shopbot.agents.turn_locks import TurnLocks
from shopbot.errors import AgentError, extra

if TYPE_CHECKING:
    from shopbot.agents.postgres.memory import PostgresMemory
    from shopbot.agents.postgres.worker import Worker

BUSY_TIMEOUT_S = 5.0
_COMPRESSED = "+zlib"
_WORTH_IT = 200
"""Bytes above which compression pays."""


class MemoryFileError(AgentError):
    """A file of conversations is damaged, locked, or cannot be written. It is left as it is."""


class CompactSerializer(JsonPlusSerializer):
    """LangGraph's serializer, compressed: most of a checkpoint is channel names and version numbers.

    Reads with strict msgpack: a tampered file cannot make Python build objects.
    """

    def __init__(self) -> None:
        super().__init__(allowed_msgpack_modules=None)

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The kind of encoding and the bytes."""
        kind, plain = super().dumps_typed(obj)
        return (kind + _COMPRESSED, zlib.compress(plain)) if len(plain) > _WORTH_IT else (kind, plain)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """What `dumps_typed` was given, in whichever of the two forms it was written."""
        kind, stored = data
        if kind.endswith(_COMPRESSED):
            return super().loads_typed((kind.removesuffix(_COMPRESSED), zlib.decompress(stored)))
        return super().loads_typed(data)


class InThreads(BaseCheckpointSaver[Any]):
    """A saver whose async methods are its others, each in a thread."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As `get_tuple`."""
        return await asyncio.to_thread(self.get_tuple, config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As `put`."""
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """As `put_writes`."""
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As `list`."""
        found = await asyncio.to_thread(lambda: list(self.list(config, filter=filter, before=before, limit=limit)))
        for checkpoint in found:
            yield checkpoint

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """As `get_delta_channel_history`: LangGraph's own asks for every checkpoint by itself."""
        return await asyncio.to_thread(self.get_delta_channel_history, config=config, channels=channels)


class Memory(InThreads, SqliteSaver):
    """LangGraph's SQLite saver, for `ainvoke` as well: its calls take well under a millisecond, in a thread.

    Beside the checkpoints it keeps the journal of the conversations, beside its file their locks.
    """

    def __init__(self, connection: sqlite3.Connection, lock_file: Path | None = None) -> None:
        super().__init__(connection, serde=CompactSerializer())
        run = run_for(self)
        assert run is not None  # noqa: S101 (it is a SqliteSaver)
        self.journal = SqlJournal(run)
        self.locks = TurnLocks(lambda: lock_file)


@contextmanager
def open_memory(place: Path | str | Worker) -> Iterator[Memory | PostgresMemory]:
    """The conversations in a SQLite file, which is made when it is not there, or in a PostgreSQL named by its URL or by
    an open worker of it.

    Raises:
        MemoryFileError: the file is damaged, locked, or cannot be written, and is left as it is; or the server cannot
            be used.
    """
    if not isinstance(place, Path):
        with extra("postgres", "PostgreSQL"):
            from shopbot.agents.postgres.memory import open_postgres_memory
        with open_postgres_memory(place) as shared:
            yield shared
        return
    with _open_file(place) as memory:
        yield memory


@contextmanager
def _open_file(file: Path) -> Iterator[Memory]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        connection.execute("PRAGMA journal_mode=WAL")
        memory = Memory(connection, file.with_name(file.name + "-turns"))
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
