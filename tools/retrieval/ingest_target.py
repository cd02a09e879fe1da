"""A store as ingestion sees it: what is noted about each row, and the operations that keep the rows in step."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from shopbot.tools.retrieval.chunks import Chunk

ROW_MARK = "\x1f"
"""A chunk's further vectors lie in rows named by its key, this and a number."""


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
