"""Chunks with their vectors and their keywords: a vector store with a BM25 index beside it.

The documents are the truth and the index is a copy: a damaged index is thrown away and built again. It does not decide
whether a passage answers a question (`shopbot.tools.retrieval.retriever`) nor what has to be read again
(`shopbot.tools.retrieval.ingestion`), and not where the vectors are (`shopbot.tools.retrieval.places`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from shopbot.engines.embedding import DIMENSIONS, Encoder
from shopbot.tools.retrieval.batches import IngestedRow, Progress
from shopbot.tools.retrieval.chunks import Chunk
from shopbot.tools.retrieval.documents import Document, Unreadable, read_documents
from shopbot.tools.retrieval.filters import Conditions, stored_fields
from shopbot.tools.retrieval.ingestion import Ingestion, IngestReport
from shopbot.tools.retrieval.keywords import KeywordIndex, highest
from shopbot.tools.retrieval.places import Place, embedded
from shopbot.tools.retrieval.ranking import Candidates
from shopbot.tools.retrieval.search_index import SearchIndex, Vectors, key_of
from shopbot.tools.retrieval.vector_store import StoredRow

KEYWORDS_FOLDER = "keywords"
MOST_EXACT = 20_000
"""With no more rows than this every cosine is computed: that takes less time than the index of the store."""
VECTORS_A_CHUNK = 3
"""Sample questions give a chunk several vectors; so many times as many are asked for."""
WIDE_FILTER = 0.1
"""Share of the chunks that meet a filter from which the nearest of all are taken and then filtered."""


class ChunkStore:
    """One collection of chunks. Use `shopbot.tools.retrieval.opening` to open one safely.

    Args:
        place: where it is kept; a folder means embedded in it.
    """

    def __init__(self, place: Place | Path, encoder: Encoder) -> None:
        self._encoder = encoder
        self.place = embedded(place) if isinstance(place, Path) else place
        self._rows = self.place.open()
        self._index: SearchIndex | None = None

    def close(self) -> None:
        """Release files and connections; the store cannot be used afterwards."""
        self._rows.close()

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
        with self.place.writing():
            run = Ingestion(self, self._encoder, progress)
            try:
                return run.run(documents() if callable(documents) else documents)
            finally:
                if not self._rows.version():
                    self._finish()

    def candidates(self, said: Sequence[str], vectors: Vectors, k: int, where: Conditions = ()) -> Candidates:
        """The `k` chunks nearest to each sentence of a message, and the `k` best by its words, all scored.

        `vectors` are those of the sentences `said`, of shape (sentences, 384).
        """
        index = self._current()
        allowed, keywords = index.allowed(where), index.copy.keywords
        message = " ".join(said)
        worded = keywords.best(message, k, allowed.mask if allowed else None)
        found = [keywords.row_of[key] for key, _ in worded]
        for vector in vectors:
            near = self.nearest_keys(vector, k, where)
            # What another process writes at this moment is in the rows already, and not in the copy.
            found += [keywords.row_of[key] for key, _ in near if key in keywords.row_of]
        rows = np.array(list(dict.fromkeys(found)), dtype=np.int64)
        return Candidates(
            [keywords.keys[row] for row in rows],
            np.max([index.copy.cosines(vector, rows) for vector in vectors], axis=0),
            index.copy.contexts(vectors, rows).max(axis=0),
            np.max([keywords.scores(sentence)[rows] for sentence in said], axis=0),
            keywords.document_scores(message)[rows],
            keywords.heading_shares(message)[rows],
            keywords.rarity_of(message),
        )

    def nearest_keys(self, vector: Vectors, k: int, where: Conditions = ()) -> list[tuple[str, float]]:
        """The keys of the `k` chunks nearest to `vector`, each with its cosine similarity, best first."""
        index = self._current()
        allowed = index.allowed(where)
        if len(index.copy.vectors) <= MOST_EXACT:
            cosines = index.copy.cosines(vector)
            found = highest(cosines if allowed is None else np.where(allowed.mask, cosines, -np.inf), k)
            return [
                (index.copy.keywords.keys[row], float(cosines[row]))
                for row in found
                if not allowed or allowed.mask[row]
            ]
        wanted = k * VECTORS_A_CHUNK if self.with_questions else k
        if allowed is not None and allowed.share >= WIDE_FILTER:
            # Nearest of all, and then those that are allowed: a store's own filter would first list all that are.
            near = self._best(vector, int(1.5 * wanted / allowed.share), ())
            kept = [(key, cosine) for key, cosine in near if key in allowed.keys]
            if len(kept) >= k:
                return kept[:k]
        return self._best(vector, wanted, where)[:k]

    def _best(self, vector: Vectors, rows: int, where: Conditions) -> list[tuple[str, float]]:
        best: dict[str, float] = {}
        for row, cosine in self._rows.nearest(vector, rows, where):
            best.setdefault(key_of(row), cosine)
        return list(best.items())

    def nearest(self, vector: Vectors, k: int) -> list[tuple[Chunk, float]]:
        """The `k` chunks nearest to `vector`, each with its cosine similarity, best first."""
        near = self.nearest_keys(vector, k)
        chunks = self.get([key for key, _ in near])
        return [(chunks[key], cosine) for key, cosine in near if key in chunks]

    def worded_keys(self, question: str, k: int, where: Conditions = ()) -> list[tuple[str, float]]:
        """The keys of the `k` chunks best by keywords, each with its BM25 score, best first."""
        allowed = self._current().allowed(where)
        return self.keywords.best(question, k, allowed.mask if allowed else None)

    def refresh(self) -> None:
        """Take notice of what another process has ingested; asks the vector store once."""
        version = self._rows.version()
        # While another process writes, and after one that was killed, what is known already stays in use.
        if self._index is None:
            self._index = self._index_of(version)
        elif version not in ("", self._index.version):
            self._rows.renew()
            self._index = self._index_of(version)

    def get(self, keys: Sequence[str]) -> dict[str, Chunk]:
        """The chunks with these keys, those that there are."""
        copy = self._current().copy
        return {key: copy.chunk(copy.keywords.row_of[key]) for key in keys if key in copy.keywords.row_of}

    def by_key(self, key: str) -> Chunk | None:
        """The chunk with this key."""
        return self.get([key]).get(key)

    @property
    def version(self) -> str:
        """The mark of the last finished writing; empty before the first one and during one."""
        return self._rows.version()

    @property
    def keywords(self) -> KeywordIndex:
        """The BM25 index over all chunks, as of the last `refresh`."""
        return self._current().copy.keywords

    @property
    def with_questions(self) -> bool:
        """Whether the documents came with sample questions."""
        return self._current().copy.with_questions

    def check(self) -> None:
        """Fail, with whatever error comes, if what search needs cannot be read."""
        self._rows.check()
        self._current().copy  # noqa: B018 -- reads it

    def rows_by_source(self) -> dict[str, dict[str, IngestedRow]]:
        """What the index holds: source -> row -> what is known of it."""
        held: dict[str, dict[str, IngestedRow]] = {}
        for row in self._rows.scan(metas=True):
            held.setdefault(str(row.meta["source"]), {})[row.id] = IngestedRow.of(row.meta)
        return held

    def vectors(self) -> tuple[list[str], Vectors]:
        """The key of every row and its vector, for measuring the index against exact search."""
        keys, vectors = [], []
        for row in self._rows.scan(vectors=True):
            keys.append(key_of(row.id))
            vectors.append(row.vector)
        return keys, np.stack([v for v in vectors if v is not None]) if keys else np.zeros((0, DIMENSIONS), np.float32)

    def put(self, chunks: Sequence[tuple[list[str], Chunk, dict[str, Any]]], vectors: Sequence[Vectors]) -> None:
        """Store chunks, each with the ids of its rows, what ingestion notes about it, and one vector a row."""
        self._invalidate()
        self._rows.upsert(
            [
                StoredRow(row, chunk.text if row == chunk.key else "", _meta(chunk, noted), vector)
                for (rows, chunk, noted), own in zip(chunks, vectors, strict=True)
                for row, vector in zip(rows, own, strict=True)
            ]
        )

    def annotate(self, chunks: Sequence[tuple[list[str], Chunk, dict[str, Any]]]) -> None:
        """Replace what is noted about chunks and leave text and vectors as they are."""
        self._invalidate()
        self._rows.annotate([StoredRow(row, meta=_meta(chunk, noted)) for rows, chunk, noted in chunks for row in rows])

    def delete(self, rows: Sequence[str]) -> None:
        """Drop rows."""
        self._invalidate()
        self._rows.delete(rows)

    def searchable(self) -> Iterator[Chunk]:
        """Every chunk, as search reads it."""
        copy = self._current().copy
        return (copy.chunk(row) for row in range(copy.keywords.size))

    def _invalidate(self) -> None:
        # Before the first write: a kill at any moment must not leave keywords that pass for current.
        if self._index is None or self._index.version:
            self._rows.mark("")
            self._index = self._index_of("")

    def _finish(self) -> None:
        index = self._index_of(uuid.uuid4().hex)
        index.build()
        self._index = index
        self._rows.mark(index.version)

    def _index_of(self, version: str) -> SearchIndex:
        return SearchIndex(version, self.place.folder / KEYWORDS_FOLDER, self._rows)

    def _current(self) -> SearchIndex:
        if self._index is None:
            self.refresh()
        return cast(SearchIndex, self._index)


def _meta(chunk: Chunk, noted: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **stored_fields(chunk.heading, chunk.metadata),
        "heading": chunk.heading,
        "asked": bool(chunk.asked),
        "questions": "\n".join(chunk.asked),
        **noted,
    }
