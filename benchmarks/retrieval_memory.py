"""Search over a set of documents in memory: the real ingestion and ranking, and vectors that are kept between runs."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import DIMENSIONS, Encoder
from shopbot.tools.retrieval import Retriever
from shopbot.tools.retrieval.documents import Document
from shopbot.tools.retrieval.filters import Conditions
from shopbot.tools.retrieval.places import Place
from shopbot.tools.retrieval.store import ChunkStore
from shopbot.tools.retrieval.vector_store import StoredRow

KEPT = Path(tempfile.gettempdir()) / "shopbot-benchmark-vectors.npz"

Vectors = NDArray[np.float32]


class KeptEncoder(Encoder):
    """An encoder that remembers what it encoded, in a file for temporary things; `keep` writes it."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, NDArray[np.float16]] = {}
        self._new = False
        if KEPT.is_file():
            with np.load(KEPT) as file:
                self._held = dict(zip(file["keys"].tolist(), file["vectors"], strict=True))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text."""
        keys = [hashlib.sha256(f"{self.digest}{text}".encode()).hexdigest()[:24] for text in texts]
        unknown = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._held}
        if unknown:
            self._held |= zip(unknown, super().encode(list(unknown.values())).astype(np.float16), strict=True)
            self._new = True
        vectors = np.array([self._held[key] for key in keys], dtype=np.float32).reshape(-1, DIMENSIONS)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def keep(self) -> None:
        """Write what is new for the next run."""
        if self._new:
            np.savez(KEPT, keys=np.array(list(self._held)), vectors=np.array(list(self._held.values())))
            self._new = False


class MemoryRows:
    """Rows in a dictionary, as `shopbot.tools.retrieval.vector_store.VectorStore` wants them; without filters."""

    def __init__(self) -> None:
        self._rows: dict[str, StoredRow] = {}
        self._version = ""

    def version(self) -> str:
        return self._version

    def mark(self, version: str) -> None:
        self._version = version

    def upsert(self, rows: Sequence[StoredRow]) -> None:
        self._rows |= {row.id: row for row in rows}

    def annotate(self, rows: Sequence[StoredRow]) -> None:
        raise NotImplementedError

    def delete(self, ids: Sequence[str]) -> None:
        raise NotImplementedError

    def nearest(self, vector: Vectors, k: int, where: Conditions = ()) -> list[tuple[str, float]]:
        cosines = [(row.id, float(row.vector @ vector)) for row in self.scan() if row.vector is not None]
        return sorted(cosines, key=lambda each: -each[1])[:k]

    def get(self, ids: Sequence[str]) -> list[StoredRow]:
        return [self._rows[row] for row in ids if row in self._rows]

    def ids(self, where: Conditions = (), limit: int | None = None) -> list[str]:
        return list(self._rows)[:limit]

    def scan(self, *, texts: bool = False, metas: bool = False, vectors: bool = False) -> Iterator[StoredRow]:
        yield from self._rows.values()

    def count(self) -> int:
        return len(self._rows)

    def check(self) -> None: ...

    def renew(self) -> None: ...

    def close(self) -> None: ...


def retriever_over(documents: Mapping[str, str], folder: Path, encoder: Encoder) -> Retriever:
    """Search over documents in Markdown by name; `folder` takes the copy that search reads."""
    place = Place(folder, "memory", MemoryRows, lambda: True, lambda: None, nullcontext)
    store = ChunkStore(place, encoder)
    store.ingest_documents([Document(name, name, name, _reading(text)) for name, text in documents.items()])
    return Retriever(store, encoder)


def _reading(text: str) -> Callable[[], str]:
    return lambda: text
