"""What the stores of conversations have in common: how checkpoints are written down, and async methods in threads."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

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

from shopbot.encryption import PLAIN, Seal
from shopbot.errors import AgentError

_COMPRESSED, _ENCRYPTED = "+zlib", "+fernet"
_WORTH_IT = 200
"""Bytes above which compression pays."""


class MemoryFileError(AgentError):
    """A file of conversations is damaged, locked, or cannot be written. It is left as it is."""


class CompactSerializer(JsonPlusSerializer):
    """LangGraph's serializer, compressed: most of a checkpoint is channel names and version numbers.

    Reads with strict msgpack: a tampered file cannot make Python build objects. With a seal that has a key, everything
    is encrypted.
    """

    def __init__(self, seal: Seal = PLAIN) -> None:
        super().__init__(allowed_msgpack_modules=None)
        self.seal = seal

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The kind of encoding and the bytes."""
        kind, plain = super().dumps_typed(obj)
        if len(plain) > _WORTH_IT:
            kind, plain = kind + _COMPRESSED, zlib.compress(plain)
        return (kind + _ENCRYPTED, self.seal.encrypt(plain)) if self.seal else (kind, plain)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """What `dumps_typed` was given, in whichever form it was written."""
        kind, stored = data
        if kind.endswith(_ENCRYPTED):
            kind, stored = kind.removesuffix(_ENCRYPTED), self.seal.decrypt(stored)
        if kind.endswith(_COMPRESSED):
            return super().loads_typed((kind.removesuffix(_COMPRESSED), zlib.decompress(stored)))
        return super().loads_typed((kind, stored))


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
