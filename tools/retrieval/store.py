"""Chunks and their vectors in an embedded Chroma, kept in step with a folder of documents.

The documents are the truth and the index is a copy: a damaged index is thrown away and built again. One process writes
at a time, behind a file lock, because two writers lose vectors. It does not decide whether a passage answers a
question (`tools.retrieval.retriever`). Import this module only where it is used: Chroma takes 1.4 s of CPU.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import chromadb
import numpy as np
from chromadb.api import ClientAPI
from chromadb.api.models.Collection import Collection
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from engines.embedding import Encoder
from tools.retrieval.chunks import TOKEN_BUDGET, Chunk, split_markdown
from tools.retrieval.documents import Document, Unreadable, read_documents
from tools.retrieval.errors import RetrievalError
from tools.retrieval.vectors import HEADING_WEIGHT, chunk_vectors

COLLECTION = "documents"
LOCK_TIMEOUT_S = 60
_INDEX_VERSION = "1"


@dataclass
class IngestReport:
    """What one ingestion did, as the sources of the documents; `skipped` holds one sentence each."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


class ChunkStore:
    """One collection of chunks in a folder of its own. Use `tools.retrieval.opening` to open one safely."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._encoder = encoder
        self._folder = folder
        self._client = _connect(folder)
        self._collection = _collection(self._client)

    def close(self) -> None:
        """Release the files; the store cannot be used afterwards."""
        cast(Any, self._client).close()

    def ingest(self, folder: Path) -> IngestReport:
        """Bring the index in step with the Markdown documents in `folder`.

        Reads again only what changed, and drops what is gone. A document that a killed ingestion left half
        written counts as changed. A document that cannot be read is skipped and its old chunks stay.

        Raises:
            RetrievalError: no documents, or another process has been writing for a minute.
        """
        with writing(self._folder):
            return self._ingest(list(read_documents(folder)))

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[Chunk, float]]:
        """The `k` chunks nearest to `vector`, each with its cosine similarity, best first."""
        found = self._collection.query(
            query_embeddings=cast(Any, [vector]),
            n_results=k,
            include=["documents", "metadatas", "distances"],
        )
        documents, metadatas, distances = found["documents"], found["metadatas"], found["distances"]
        if documents is None or metadatas is None or distances is None:
            return []
        rows = zip(found["ids"][0], documents[0], metadatas[0], distances[0], strict=True)
        return [(_chunk(key, text, meta), 1 - distance) for key, text, meta, distance in rows]

    def by_key(self, key: str) -> Chunk | None:
        """The chunk with this key."""
        found = self._collection.get(ids=[key], include=["documents", "metadatas"])
        if not found["ids"] or not found["documents"] or not found["metadatas"]:
            return None
        return _chunk(key, found["documents"][0], found["metadatas"][0])

    def check(self) -> None:
        """Fail, with whatever error Chroma raises, if chunks or vectors cannot be read back."""
        count = self._collection.count()
        probe = self._encoder.encode(["probe"])[0]
        if len(self.nearest(probe, k=1)) != min(count, 1):
            raise RetrievalError("The index holds chunks without vectors.")

    def _ingest(self, documents: Sequence[Document | Unreadable]) -> IngestReport:
        report, stored = IngestReport(), self._stored()
        for document in documents:
            if isinstance(document, Unreadable):
                report.skipped.append(document.reason)
            elif self._is_current(document, stored.get(document.source, {})):
                report.unchanged.append(document.source)
            else:
                self._replace(document, old=stored.get(document.source, {}))
                (report.changed if document.source in stored else report.added).append(document.source)
        report.removed = sorted(set(stored) - {document.source for document in documents})
        for source in report.removed:
            self._collection.delete(ids=list(stored[source]))
        return report

    def _stored(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the index holds: source -> key -> metadata."""
        held: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        everything = self._collection.get(include=["metadatas"])
        for key, meta in zip(everything["ids"], everything["metadatas"] or [], strict=True):
            held[str(meta["source"])][key] = dict(meta)
        return held

    def _is_current(self, document: Document, held: dict[str, dict[str, Any]]) -> bool:
        digest = self._digest(document)
        whole = all(meta["digest"] == digest and meta["parts"] == len(held) for meta in held.values())
        return bool(held) and whole

    def _replace(self, document: Document, old: Iterable[str]) -> None:
        chunks = split_markdown(
            document.text,
            document=document.name,
            source=document.source,
            count_tokens=self._encoder.count_tokens,
        )
        digest = self._digest(document)
        if chunks:
            self._collection.upsert(
                ids=[chunk.key for chunk in chunks],
                embeddings=cast(Any, chunk_vectors(chunks, self._encoder)),
                documents=[chunk.text for chunk in chunks],
                metadatas=[
                    {"source": chunk.source, "heading": chunk.heading, "digest": digest, "parts": len(chunks)}
                    for chunk in chunks
                ],
            )
        gone = sorted(set(old) - {chunk.key for chunk in chunks})
        if gone:
            self._collection.delete(ids=gone)

    def _digest(self, document: Document) -> str:
        # Vectors of another model or another way of splitting must not mix with today's.
        return f"{_INDEX_VERSION}-{TOKEN_BUDGET}-{HEADING_WEIGHT}-{self._encoder.digest[:12]}-{document.digest}"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the writer's place of the index in `folder`; within one thread it may be held twice.

    The lock file lies beside the folder, so that it outlives a rebuilt index.

    Raises:
        RetrievalError: the place did not come free in a minute, or the disk does not let us write.
    """
    file = folder.parent / f"{folder.name}.lock"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file, timeout=LOCK_TIMEOUT_S, is_singleton=True)
        lock.acquire()
    except Timeout:
        raise RetrievalError(
            f"Another process has held {file} for {LOCK_TIMEOUT_S} s: stop it or try again later."
        ) from None
    except OSError as error:
        raise RetrievalError(f"The index folder {folder} cannot be written: {error.strerror}.") from None
    try:
        yield
    finally:
        lock.release()


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
        COLLECTION, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
    )


def _chunk(key: str, text: str, meta: Any) -> Chunk:
    return Chunk(key, str(meta["source"]), str(meta["heading"]), text)
