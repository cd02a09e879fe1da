"""Chunks, their vectors and their keywords in one folder: an embedded Chroma with a BM25 index beside it.

The documents are the truth and the index is a copy: a damaged index is thrown away and built again. It does not decide
whether a passage answers a question (`tools.retrieval.retriever`) nor what has to be read again
(`tools.retrieval.ingestion`). Import this module only where it is used: Chroma takes 1.4 s of CPU.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import chromadb
import numpy as np
from chromadb.api import ClientAPI
from chromadb.api.models.Collection import Collection
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings
from numpy.typing import NDArray

from engines.embedding import DIMENSIONS, Encoder
from tools.retrieval.chunks import Chunk
from tools.retrieval.configuration import search_configuration
from tools.retrieval.documents import Document, Unreadable, read_documents
from tools.retrieval.errors import RetrievalError
from tools.retrieval.ingestion import ROW_MARK, Ingestion, IngestReport, Progress
from tools.retrieval.keywords import KeywordIndex, Searchable
from tools.retrieval.locking import writing

COLLECTION = "documents"
KEYWORDS_FOLDER = "keywords"
PAGE = 5_000
VECTORS_A_CHUNK = 3
"""Sample questions give a chunk several vectors; so many times as many are asked for."""
_HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 24}


class ChunkStore:
    """One collection of chunks in a folder of its own. Use `tools.retrieval.opening` to open one safely."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._encoder = encoder
        self._folder = folder
        self._client = _connect(folder)
        self._collection = _collection(self._client)
        self._keywords: KeywordIndex | None = None
        self._with_questions: bool | None = None

    def close(self) -> None:
        """Release the files; the store cannot be used afterwards."""
        cast(Any, self._client).close()

    def ingest(self, folder: Path) -> IngestReport:
        """Bring the index in step with the Markdown documents in `folder`.

        Raises:
            RetrievalError: no documents, or another process has been writing for a minute.
        """
        return self.ingest_documents(lambda: read_documents(folder))

    def ingest_documents(
        self, documents: Iterable[Document | Unreadable] | Any, progress: Progress | None = None
    ) -> IngestReport:
        """Bring the index in step with `documents` (or what it returns when called, behind the lock).

        Raises:
            RetrievalError: another process has been writing for a minute.
        """
        with writing(self._folder):
            run = Ingestion(self, self._encoder, progress)
            try:
                return run.run(documents() if callable(documents) else documents)
            finally:
                if self._count_changed or run.report.wrote:
                    self._index_keywords()

    def nearest_keys(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """The keys of the `k` chunks nearest to `vector`, each with its cosine similarity, best first."""
        found = self._collection.query(
            query_embeddings=cast(Any, [vector]),
            n_results=k * VECTORS_A_CHUNK if self.with_questions else k,
            include=["distances"],
        )
        best: dict[str, float] = {}
        for row, distance in zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True):
            best.setdefault(_key_of(row), 1 - distance)
        return list(best.items())[:k]

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[Chunk, float]]:
        """The `k` chunks nearest to `vector`, each with its cosine similarity, best first."""
        near = self.nearest_keys(vector, k)
        chunks = self.get([key for key, _ in near])
        return [(chunks[key], cosine) for key, cosine in near if key in chunks]

    def get(self, keys: Sequence[str]) -> dict[str, Chunk]:
        """The chunks with these keys, those that there are."""
        if not keys:
            return {}
        found = self._collection.get(ids=list(keys), include=["documents", "metadatas"])
        rows = zip(found["ids"], found["documents"] or [], found["metadatas"] or [], strict=True)
        return {key: _chunk(key, text, meta) for key, text, meta in rows}

    def by_key(self, key: str) -> Chunk | None:
        """The chunk with this key."""
        return self.get([key]).get(key)

    @property
    def keywords(self) -> KeywordIndex:
        """The BM25 index over all chunks."""
        if self._keywords is None:
            loaded = KeywordIndex.load(self._folder / KEYWORDS_FOLDER, self._chunk_count())
            self._keywords = loaded or KeywordIndex.build(self.searchable(), search_configuration().keywords)
        return self._keywords

    @property
    def with_questions(self) -> bool:
        """Whether the documents came with sample questions."""
        if self._with_questions is None:
            found = self._collection.get(where={"asked": True}, limit=1, include=[])
            self._with_questions = bool(found["ids"])
        return self._with_questions

    def check(self) -> None:
        """Fail, with whatever error Chroma raises, if chunks or vectors cannot be read back."""
        count = self._collection.count()
        probe = np.full(DIMENSIONS, DIMENSIONS**-0.5, dtype=np.float32)
        if len(self.nearest(probe, k=1)) != min(count, 1):
            raise RetrievalError("The index holds chunks without vectors.")

    def rows_by_source(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the index holds: source -> row -> metadata."""
        held: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        for page in self._pages(["metadatas"]):
            for row, meta in zip(page["ids"], page["metadatas"], strict=True):
                held[str(meta["source"])][row] = dict(meta)
        return dict(held)

    def vectors(self) -> tuple[list[str], NDArray[np.float32]]:
        """The key of every row and its vector, for measuring the index against exact search."""
        keys: list[str] = []
        rows: list[NDArray[np.float32]] = []
        for page in self._pages(["embeddings"]):
            keys.extend(_key_of(row) for row in page["ids"])
            rows.append(np.asarray(page["embeddings"], dtype=np.float32))
        return keys, np.concatenate(rows) if rows else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def put(
        self, chunks: Sequence[tuple[list[str], Chunk, dict[str, Any]]], vectors: Sequence[NDArray[np.float32]]
    ) -> None:
        """Store chunks, each with the ids of its rows, its metadata and one vector a row."""
        self._invalidate()
        ids = [row for rows, _, _ in chunks for row in rows]
        texts = [chunk.text if row == chunk.key else "" for rows, chunk, _ in chunks for row in rows]
        metas = [
            {**meta, "asked": bool(chunk.asked), "questions": "\n".join(chunk.asked)}
            for rows, chunk, meta in chunks
            for _ in rows
        ]
        self._collection.upsert(
            ids=ids, embeddings=cast(Any, np.concatenate(vectors)), documents=texts, metadatas=cast(Any, metas)
        )

    def annotate(self, chunks: Sequence[tuple[list[str], dict[str, Any]]]) -> None:
        """Replace metadata and leave text and vectors as they are."""
        self._collection.update(
            ids=[row for rows, _ in chunks for row in rows],
            metadatas=cast(Any, [meta for rows, meta in chunks for _ in rows]),
        )

    def delete(self, rows: Sequence[str]) -> None:
        """Drop rows."""
        self._invalidate()
        for start in range(0, len(rows), PAGE):
            self._collection.delete(ids=list(rows[start : start + PAGE]))

    @property
    def _count_changed(self) -> bool:
        return not (self._folder / KEYWORDS_FOLDER).exists()

    def _invalidate(self) -> None:
        # Before the first write: a kill at any moment must not leave keywords that no longer fit.
        shutil.rmtree(self._folder / KEYWORDS_FOLDER, ignore_errors=True)
        self._keywords = self._with_questions = None

    def _index_keywords(self) -> None:
        self._keywords = KeywordIndex.build(self.searchable(), search_configuration().keywords)
        self._keywords.save(self._folder / KEYWORDS_FOLDER)

    def _chunk_count(self) -> int:
        rows = self._collection.count()
        if not self.with_questions:
            return rows
        return sum(1 for page in self._pages([]) for row in page["ids"] if _key_of(row) == row)

    def searchable(self) -> Iterator[Searchable]:
        """Every chunk, as keyword search reads it."""
        for page in self._pages(["documents", "metadatas"]):
            for row, text, meta in zip(page["ids"], page["documents"], page["metadatas"], strict=True):
                if _key_of(row) == row:
                    asked = str(meta.get("questions") or "")
                    yield Searchable(row, str(meta["heading"]), text, tuple(asked.splitlines()))

    def _pages(self, include: list[str]) -> Iterator[Mapping[str, Any]]:
        for start in range(0, self._collection.count(), PAGE):
            yield cast(Any, self._collection.get(limit=PAGE, offset=start, include=cast(Any, include)))


def _connect(folder: Path) -> ClientAPI:
    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(folder, Settings(anonymized_telemetry=False))


def forget(folder: Path) -> None:
    """Make Chroma drop what it remembers of `folder`: it keeps even a client that failed to start, by path."""
    identifier = str(folder)
    SharedSystemClient._identifier_to_refcount.pop(identifier, None)
    system = SharedSystemClient._identifier_to_system.pop(identifier, None)
    if system is not None:
        with suppress(Exception):
            system.stop()


def _collection(client: ClientAPI) -> Collection:
    # Vectors are always passed in: with a function of its own Chroma would download a model.
    return client.get_or_create_collection(
        COLLECTION, configuration={"hnsw": cast(Any, _HNSW)}, embedding_function=None
    )


def _key_of(row: str) -> str:
    return row.partition(ROW_MARK)[0]


def _chunk(key: str, text: str, meta: Any) -> Chunk:
    questions = str(meta.get("questions") or "")
    return Chunk(key, str(meta["source"]), str(meta["heading"]), text, tuple(questions.splitlines()))
