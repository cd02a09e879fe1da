"""What search needs of a vector store: rows of text, metadata and one vector, filtered, in one collection.

`chroma_store` has two of them (embedded, and a server by URL) and `postgres_store` one; `places` chooses. None of them
knows what a chunk is or ranks by words: that is `shopbot.tools.retrieval.store`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import DIMENSIONS
from shopbot.tools.retrieval.errors import DamagedIndex
from shopbot.tools.retrieval.filters import Conditions

M_NEIGHBOURS, EF_CONSTRUCTION, EF_SEARCH = 24, 200, 200
"""HNSW (Malkov and Yashunin, 2018): links a node, and candidates kept while building and while searching."""


ROW_MARK = "\x1f"
"""A chunk's further vectors lie in rows named by its key, this and a number."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row; `text`, `meta` and `vector` are empty where they were not asked for."""

    id: str
    text: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    vector: NDArray[np.float32] | None = None


class VectorStore(Protocol):
    """One collection of rows. Reading is safe from several threads; write only in `Place.writing`."""

    def version(self) -> str:
        """The mark of the last finished writing; empty before the first one and during one."""

    def mark(self, version: str) -> None:
        """Set the mark."""

    def upsert(self, rows: Sequence[StoredRow]) -> None:
        """Write rows, each with a unit vector of 384 float32 numbers, replacing those with the same ids."""

    def annotate(self, rows: Sequence[StoredRow]) -> None:
        """Replace the metadata of rows and leave text and vectors."""

    def delete(self, ids: Sequence[str]) -> None:
        """Drop rows; ids that there are not do no harm."""

    def nearest(self, vector: NDArray[np.float32], k: int, where: Conditions = ()) -> list[tuple[str, float]]:
        """The ids of the `k` rows nearest to a unit vector of shape (384,), with their cosines, best first."""

    def get(self, ids: Sequence[str]) -> list[StoredRow]:
        """Text and metadata of the rows with these ids, those that there are, in any order."""

    def ids(self, where: Conditions = (), limit: int | None = None) -> list[str]:
        """The ids of the rows that meet all conditions."""

    def scan(self, *, texts: bool = False, metas: bool = False, vectors: bool = False) -> Iterator[StoredRow]:
        """Every row, with what is asked for, a page at a time."""

    def count(self) -> int:
        """How many rows there are."""

    def check(self) -> None:
        """Fail, with whatever error comes, if rows or vectors cannot be read back."""

    def renew(self) -> None:
        """Take notice of what another process has written."""

    def close(self) -> None:
        """Release connections and files; the store cannot be used afterwards."""


def probe(rows: VectorStore) -> None:
    """Read one row back by its vector.

    Raises:
        DamagedIndex: there are rows without vectors; other errors as they come.
    """
    direction = np.full(DIMENSIONS, DIMENSIONS**-0.5, dtype=np.float32)
    found = rows.get([row for row, _ in rows.nearest(direction, 1)])
    if len(found) != min(rows.count(), 1):
        raise DamagedIndex("it holds chunks without vectors")
