"""What search computes from the rows of a collection and keeps until they change: the keyword index, which chunks meet
a filter, and whether there are sample questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopbot.tools.retrieval.configuration import search_configuration
from shopbot.tools.retrieval.filters import Condition, Conditions
from shopbot.tools.retrieval.ingest_target import ROW_MARK
from shopbot.tools.retrieval.keywords import KeywordIndex, Searchable
from shopbot.tools.retrieval.vector_store import VectorStore

MOST_FILTERS = 64
"""So many filters are remembered with what meets them."""


@dataclass(frozen=True)
class Allowed:
    """The chunks that meet a filter, by key and, in `mask`, in the order of the keyword index; shape (chunks,)."""

    keys: frozenset[str]
    mask: NDArray[np.bool_]

    @cached_property
    def share(self) -> float:
        """Of all chunks, from 0 to 1."""
        return float(self.mask.mean()) if len(self.mask) else 0.0


class SearchIndex:
    """The keyword index and the cached filters of one version of the rows.

    Args:
        version: mark of that version; with none, nothing is read from the disk or written to it.
        folder: of the keyword index on this machine.
    """

    def __init__(self, version: str, folder: Path, rows: VectorStore) -> None:
        self.version = version
        self._folder = folder
        self._rows = rows
        self._allowed: dict[Conditions, Allowed] = {}

    @cached_property
    def keywords(self) -> KeywordIndex:
        """The keyword index, from the disk if its copy there is of this version."""
        return (KeywordIndex.load(self._folder, self.version) if self.version else None) or self.build()

    def build(self) -> KeywordIndex:
        """The keyword index made anew, with a copy on the disk for the next process."""
        self.keywords = KeywordIndex.build(searchable(self._rows), search_configuration().keywords)
        if self.version:
            with suppress(OSError):  # a reader may have no right to write, and does without
                self.keywords.save(self._folder, self.version)
        return self.keywords

    @cached_property
    def with_questions(self) -> bool:
        """Whether a chunk came with sample questions."""
        return bool(self._rows.ids((Condition("asked", "$eq", (True,)),), limit=1))

    def allowed(self, where: Conditions) -> Allowed | None:
        """What meets `where`, asked of the rows so that both rankings filter alike; None without conditions."""
        if not where:
            return None
        if where not in self._allowed:
            if len(self._allowed) >= MOST_FILTERS:
                self._allowed.clear()
            keys = frozenset(key_of(row) for row in self._rows.ids(where))
            self._allowed[where] = Allowed(keys, self.keywords.mask(keys))
        return self._allowed[where]


def searchable(rows: VectorStore) -> Iterator[Searchable]:
    """Every chunk, as keyword search reads it."""
    for row in rows.scan(texts=True, metas=True):
        if key_of(row.id) == row.id:
            yield Searchable(row.id, str(row.meta["heading"]), row.text, questions_of(row.meta))


def key_of(row: str) -> str:
    """The key of the chunk to which a row belongs."""
    return row.partition(ROW_MARK)[0]


def questions_of(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """The sample questions in a row's metadata."""
    return tuple(str(meta.get("questions") or "").splitlines())
