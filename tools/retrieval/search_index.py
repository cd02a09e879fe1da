"""What search reads: a copy of a collection's rows, made when they have changed and kept beside them.

The keyword index, the vectors in its order, and every chunk as a line of JSON: search opens them in milliseconds,
without the vector store, and computes cosines exactly. It also remembers which chunks meet a filter, asked of the rows.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import DIMENSIONS, cosines
from shopbot.tools.retrieval.chunks import Chunk
from shopbot.tools.retrieval.errors import DamagedIndex
from shopbot.tools.retrieval.filters import Conditions, own_fields
from shopbot.tools.retrieval.keywords import KeywordIndex, Searchable
from shopbot.tools.retrieval.postings import Scores
from shopbot.tools.retrieval.ranking import search_configuration
from shopbot.tools.retrieval.vector_store import ROW_MARK, StoredRow, VectorStore

MOST_FILTERS = 64
"""So many filters are remembered with what meets them."""
FORMAT = 3
"""Of the files: raise it when they are written differently, and copies of another format are made anew."""
NEIGHBOURS = 2
"""Chunks before and after one that are read as its context."""
ABOUT_FILE, CHUNKS_FILE = "about.json", "chunks.jsonl"

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Allowed:
    """The chunks that meet a filter, by key and, in `mask`, in the order of the keyword index; shape (chunks,)."""

    keys: frozenset[str]
    mask: NDArray[np.bool_]

    @cached_property
    def share(self) -> float:
        """Of all chunks, from 0 to 1."""
        return float(self.mask.mean()) if len(self.mask) else 0.0


@dataclass(frozen=True)
class Copy:
    """The rows of one version. `vectors` has shape (rows, 384), the rows of chunk `n` from `starts[n]` to
    `starts[n + 1]`; `lines` has every chunk as JSON, from `offsets[n]` to `offsets[n + 1]`."""

    keywords: KeywordIndex
    vectors: Vectors
    starts: NDArray[np.int64]
    lines: Any
    offsets: NDArray[np.int64]

    @property
    def with_questions(self) -> bool:
        """Whether a chunk came with more than one sample question."""
        return len(self.vectors) > self.keywords.size

    @classmethod
    def of(cls, rows: VectorStore) -> Copy:
        """Read every row.

        Raises:
            DamagedIndex: there are chunks without vectors.
        """
        count = rows.count()
        vectors, owners, chunks = np.zeros((count, DIMENSIONS), dtype=np.float32), [], []
        for place, row in zip(range(count), rows.scan(texts=True, metas=True, vectors=True), strict=False):
            if row.vector is None:
                raise DamagedIndex("it holds chunks without vectors")
            vectors[place] = row.vector
            owners.append(key_of(row.id))
            if owners[-1] == row.id:
                chunks.append(chunk_of(row))
        searchable = (Searchable(each.key, each.heading, each.text, each.asked) for each in chunks)
        keywords = KeywordIndex.build(searchable, search_configuration().keywords)
        owner = np.array([keywords.row_of.get(key, -1) for key in owners], dtype=np.int64)
        order = np.argsort(owner, kind="stable")[int((owner < 0).sum()) :]
        starts = np.concatenate([[0], np.cumsum(np.bincount(owner[order], minlength=len(chunks)))])
        lines = [_line(chunk) for chunk in chunks]
        offsets = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
        ordered = vectors if np.array_equal(order, np.arange(count)) else vectors[order]
        return cls(keywords, ordered, starts.astype(np.int64), b"".join(lines), offsets)

    @classmethod
    def load(cls, folder: Path, version: str) -> Copy | None:
        """The copy saved in `folder`, or None when it is missing, damaged or of another version."""
        try:
            about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
            if about != {"version": version, "format": FORMAT}:
                return None
            vectors, starts, offsets = (
                np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("vectors", "chunk_starts", "offsets")
            )
            lines = np.memmap(folder / CHUNKS_FILE, mode="r") if offsets[-1] else b""
            return cls(KeywordIndex.load(folder), vectors, starts, lines, offsets)
        except Exception:  # whatever is wrong with a copy, a new one is made
            return None

    def save(self, folder: Path, version: str) -> None:
        """Write the copy to `folder`, complete or not at all."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(f"{folder.name}.*.partial"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".partial", dir=folder.parent))
        self.keywords.save(partial)
        for name, values in (("vectors", self.vectors), ("chunk_starts", self.starts), ("offsets", self.offsets)):
            np.save(partial / f"{name}.npy", values)
        (partial / CHUNKS_FILE).write_bytes(bytes(self.lines))
        (partial / ABOUT_FILE).write_text(json.dumps({"version": version, "format": FORMAT}), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)

    def chunk(self, row: int) -> Chunk:
        """The chunk with this number."""
        held = json.loads(bytes(self.lines[self.offsets[row] : self.offsets[row + 1]]))
        return Chunk(**{**held, "asked": tuple(held["asked"])})

    def cosines(self, vector: Vectors, rows: NDArray[np.int64] | None = None) -> Scores:
        """Cosine of the nearest vector of every chunk, or of those with the numbers `rows`, in their order."""
        if rows is None:
            every: Scores = (
                np.maximum.reduceat(cosines(self.vectors, vector), self.starts[:-1]) if len(self.starts) > 1 else _NONE
            )
            return every
        nearest = [cosines(self.vectors[self.starts[row] : self.starts[row + 1]], vector).max() for row in rows]
        return np.array(nearest, dtype=np.float32)

    def contexts(self, vectors: Vectors, rows: NDArray[np.int64]) -> Scores:
        """Cosine of each of `vectors`, of shape (n, 384), with each of the chunks `rows` amid its neighbours in its
        document; shape (n, rows)."""
        around = np.clip(rows[:, None] + np.arange(-NEIGHBOURS, NEIGHBOURS + 1), 0, self.keywords.size - 1)
        same = self.keywords.owners[around] == self.keywords.owners[rows][:, None]
        summed = np.einsum("ij,ijk->ik", same.astype(np.float32), self.vectors[self.starts[around]])
        cosines: Scores = vectors @ (summed / np.linalg.norm(summed, axis=1, keepdims=True)).T
        return cosines


class SearchIndex:
    """The copy and the cached filters of one version of the rows.

    Args:
        version: mark of that version; with none, nothing is read from the disk or written to it.
        folder: of the copy on this machine.
    """

    def __init__(self, version: str, folder: Path, rows: VectorStore) -> None:
        self.version = version
        self._folder = folder
        self._rows = rows
        self._allowed: dict[Conditions, Allowed] = {}

    @cached_property
    def copy(self) -> Copy:
        """The copy, from the disk if the one there is of this version."""
        return (Copy.load(self._folder, self.version) if self.version else None) or self.build()

    def build(self) -> Copy:
        """The copy made anew, and kept on the disk for the next process."""
        self.copy = Copy.of(self._rows)
        if self.version:
            with suppress(OSError):  # a reader may have no right to write, and does without
                self.copy.save(self._folder, self.version)
        return self.copy

    def allowed(self, where: Conditions) -> Allowed | None:
        """What meets `where`, asked of the rows so that both rankings filter alike; None without conditions."""
        if not where:
            return None
        if where not in self._allowed:
            if len(self._allowed) >= MOST_FILTERS:
                self._allowed.clear()
            keys = frozenset(key_of(row) for row in self._rows.ids(where))
            self._allowed[where] = Allowed(keys, self.copy.keywords.mask(keys))
        return self._allowed[where]


def key_of(row: str) -> str:
    """The key of the chunk to which a row belongs."""
    return row.partition(ROW_MARK)[0]


def chunk_of(row: StoredRow) -> Chunk:
    """The chunk of a row that has its text."""
    meta = row.meta
    return Chunk(row.id, str(meta["source"]), str(meta["heading"]), row.text, _questions_of(meta), own_fields(meta))


def _questions_of(meta: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(meta.get("questions") or "").splitlines())


def _line(chunk: Chunk) -> bytes:
    return json.dumps(asdict(chunk)).encode() + b"\n"


_NONE: Scores = np.zeros(0, dtype=np.float32)
