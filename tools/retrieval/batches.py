"""Chunks on their way into a store, those of small documents together: many texts at once keep every core busy, and a
store takes many rows nearly as fast as one."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.chunks import TOKEN_BUDGET, Chunk
from shopbot.tools.retrieval.vector_store import ROW_MARK
from shopbot.tools.retrieval.vectors import VECTORS_VERSION, chunk_vectors

Progress = Callable[[str, int], None]
"""Called with the source at hand and how many of its chunks are stored by now."""

BATCH = 64
"""Chunks that are encoded and stored at once."""


class IngestedRow(NamedTuple):
    """What ingestion noted about one row: where its document came from, the hashes of document and chunk, and how many
    rows the document has."""

    origin: str
    digest: str
    parts: int
    own: str

    @classmethod
    def of(cls, meta: Mapping[str, Any]) -> Self:
        """What stands in a row's metadata; a row that lacks something counts as changed."""
        # 100,000 rows share a few origins and digests: without `intern` each would hold its own copy.
        origin, digest = (sys.intern(str(meta.get(name, ""))) for name in ("origin", "digest"))
        return cls(origin, digest, int(meta.get("parts", 0)), str(meta.get("own", "")))


Rows = Mapping[str, IngestedRow]
"""What the store holds of one document, by row."""


class IngestTarget(Protocol):
    """A store as ingestion sees it; `put` and `annotate` take the ids of a chunk's rows, the chunk, and notes."""

    def rows_by_source(self) -> dict[str, dict[str, IngestedRow]]:
        """What is held: source -> row -> what is known of it."""
        ...

    def put(
        self, chunks: Sequence[tuple[list[str], Chunk, dict[str, Any]]], vectors: Sequence[NDArray[np.float32]]
    ) -> None:
        """Store chunks, with one vector a row."""
        ...

    def annotate(self, chunks: Sequence[tuple[list[str], Chunk, dict[str, Any]]]) -> None:
        """Replace what is noted about chunks."""
        ...

    def delete(self, rows: Sequence[str]) -> None:
        """Drop rows."""
        ...


@dataclass
class Waiting:
    """A document whose chunks are to be written.

    `old` is what the store held of it; `digest` goes with every row. `wrote` says whether a chunk was new or is noted
    differently.
    """

    source: str
    origin: str
    digest: str
    chunks: Sequence[Chunk]
    old: Rows
    wrote: bool = False
    stored: int = 0

    @cached_property
    def parts(self) -> int:
        """How many rows the document has."""
        return sum(max(1, len(chunk.asked)) for chunk in self.chunks)

    @property
    def gone(self) -> list[str]:
        """The rows that the document had and has no longer."""
        return sorted(set(self.old) - {row for chunk in self.chunks for row in _row_ids(chunk)})


@dataclass(frozen=True)
class _Part:
    """One chunk of a waiting document; `own` is the hash of all that its vectors are made of."""

    of: Waiting
    chunk: Chunk
    own: str

    @property
    def is_known(self) -> bool:
        # Such a chunk keeps its vectors, so that a killed run resumes and a small edit is cheap.
        return all(row in self.of.old and self.of.old[row].own == self.own for row in _row_ids(self.chunk))

    @property
    def is_stale(self) -> bool:
        held = self.of.old[self.chunk.key]
        return (held.digest, held.parts) != (self.of.digest, self.of.parts)

    @property
    def noted(self) -> tuple[list[str], Chunk, dict[str, Any]]:
        of = self.of
        notes = {"source": of.source, "origin": of.origin, "digest": of.digest, "parts": of.parts, "own": self.own}
        return _row_ids(self.chunk), self.chunk, notes


class Batch:
    """Takes documents and writes their chunks when there are enough of them.

    Args:
        done: called with each document when all its chunks are stored.
    """

    def __init__(
        self, store: IngestTarget, encoder: Encoder, progress: Progress, done: Callable[[Waiting], None]
    ) -> None:
        self._store, self._encoder = store, encoder
        self._progress, self._done = progress, done
        self._waiting: list[Waiting] = []

    def add(self, document: Waiting) -> None:
        """Take a document; whatever waits may be written now."""
        self._waiting.append(document)
        if sum(len(each.chunks) for each in self._waiting) >= BATCH:
            self.write()

    def write(self) -> None:
        """Write everything that waits."""
        parts = [_Part(each, chunk, self._own(chunk)) for each in self._waiting for chunk in each.chunks]
        for start in range(0, len(parts), BATCH):
            self._write(parts[start : start + BATCH])
        for each in self._waiting:
            if each.gone:
                self._store.delete(each.gone)
            self._done(each)
        self._waiting.clear()

    def _write(self, parts: Sequence[_Part]) -> None:
        new = [part for part in parts if not part.is_known]
        stale = [part for part in parts if part.is_known and part.is_stale]
        if new:
            vectors = chunk_vectors([part.chunk for part in new], self._encoder)
            self._store.put([part.noted for part in new], vectors)
        if stale:
            self._store.annotate([part.noted for part in stale])
        for part in (*new, *stale):
            part.of.wrote = True
        for part in parts:
            part.of.stored += 1
        for source, stored in {part.of.source: part.of.stored for part in parts}.items():
            self._progress(source, stored)

    def _own(self, chunk: Chunk) -> str:
        content = json.dumps([model_of(self._encoder), chunk.source, chunk.heading, chunk.text, chunk.asked])
        return hashlib.sha256(content.encode()).hexdigest()[:24]


def model_of(encoder: Encoder) -> str:
    """Part of every digest: vectors of another model or another way of splitting must not mix with today's."""
    return f"{VECTORS_VERSION}-{TOKEN_BUDGET}-{encoder.digest[:12]}"


def _row_ids(chunk: Chunk) -> list[str]:
    return [chunk.key, *(f"{chunk.key}{ROW_MARK}{number}" for number in range(1, len(chunk.asked)))]
