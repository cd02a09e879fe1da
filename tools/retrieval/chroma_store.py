"""Rows in Chroma, embedded in a folder; `chroma_server` has them behind a `chroma run` server.

Importing Chroma takes 1.4 s of CPU, so it is left until rows are read or written: search reads a copy
(`shopbot.tools.retrieval.search_index`).
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from shopbot.tools.retrieval.filters import Condition, Conditions, heading_fields
from shopbot.tools.retrieval.vector_store import EF_CONSTRUCTION, EF_SEARCH, M_NEIGHBOURS, StoredRow, probe

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

CHROMA_FILE = "chroma.sqlite3"
COLLECTION = "documents"
VERSION_FILE = "version"
PAGE = 2_000
_openings = itertools.count(1)
_HNSW = {
    "space": "cosine",
    "ef_construction": EF_CONSTRUCTION,
    "ef_search": EF_SEARCH,
    "max_neighbors": M_NEIGHBOURS,
}


class ChromaRows:
    """The rows of one Chroma collection, wherever it is; its two kinds add the version."""

    def __init__(self, name: str, metadata: dict[str, str] | None = None) -> None:
        self._name = name
        self._metadata = metadata
        self._opened: tuple[ClientAPI, Collection] | None = None

    def _connect(self) -> ClientAPI:
        raise NotImplementedError

    @property
    def _client(self) -> ClientAPI:
        return self._open()[0]

    @property
    def _collection(self) -> Collection:
        return self._open()[1]

    def upsert(self, rows: Sequence[StoredRow]) -> None:
        """Write rows, replacing those with the same ids."""
        self._collection.upsert(
            ids=[row.id for row in rows],
            embeddings=cast(Any, np.stack([cast(Any, row.vector) for row in rows])),
            documents=[row.text for row in rows],
            metadatas=cast(Any, [dict(row.meta) for row in rows]),
        )

    def annotate(self, rows: Sequence[StoredRow]) -> None:
        """Replace the metadata of rows."""
        # Chroma merges: a field that is no longer there is taken away by None.
        held = {row.id: row.meta for row in self.get([row.id for row in rows])}
        metas = [{**dict.fromkeys(held.get(row.id, {})), **row.meta} for row in rows]
        self._collection.update(ids=[row.id for row in rows], metadatas=cast(Any, metas))

    def delete(self, ids: Sequence[str]) -> None:
        """Drop rows."""
        for start in range(0, len(ids), PAGE):
            self._collection.delete(ids=list(ids[start : start + PAGE]))

    def nearest(self, vector: NDArray[np.float32], k: int, where: Conditions = ()) -> list[tuple[str, float]]:
        """The ids of the nearest rows with their cosines, best first."""
        found = self._collection.query(
            query_embeddings=cast(Any, [vector]), n_results=k, where=cast(Any, _where(where)), include=["distances"]
        )
        distances = (found["distances"] or [[]])[0]
        return [(row, 1 - distance) for row, distance in zip(found["ids"][0], distances, strict=True)]

    def get(self, ids: Sequence[str]) -> list[StoredRow]:
        """Text and metadata of rows."""
        if not ids:
            return []
        return _rows(self._collection.get(ids=list(ids), include=["documents", "metadatas"]))

    def ids(self, where: Conditions = (), limit: int | None = None) -> list[str]:
        """The ids of the rows that meet all conditions."""
        return list(self._collection.get(where=cast(Any, _where(where)), limit=limit, include=[])["ids"])

    def scan(self, *, texts: bool = False, metas: bool = False, vectors: bool = False) -> Iterator[StoredRow]:
        """Every row, a page at a time."""
        wanted = [("documents", texts), ("metadatas", metas), ("embeddings", vectors)]
        include: Any = [name for name, asked in wanted if asked]
        for start in range(0, self.count(), PAGE):
            yield from _rows(self._collection.get(limit=PAGE, offset=start, include=include))

    def count(self) -> int:
        """How many rows there are."""
        return int(self._collection.count())

    def renew(self) -> None:
        """Take notice of what another process has written; a server does so by itself."""

    def close(self) -> None:
        """Release the client, if there is one."""
        if self._opened is not None:
            cast(Any, self._opened[0]).close()

    def _open(self) -> tuple[ClientAPI, Collection]:
        if self._opened is None:
            client = self._connect()
            # Vectors are always passed in: with a function of its own Chroma would download a model.
            collection = client.get_or_create_collection(
                self._name,
                configuration={"hnsw": cast(Any, _HNSW)},
                metadata=cast(Any, self._metadata),
                embedding_function=None,
            )
            self._opened = client, collection
        return self._opened


class EmbeddedChroma(ChromaRows):
    """A Chroma of this process in a folder of its own. Two that write at once lose vectors: hold the writer's place."""

    def __init__(self, folder: Path) -> None:
        super().__init__(COLLECTION)
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._opening = threading.Lock()
        self._outdated: ClientAPI | None = None

    def check(self) -> None:
        """Fail if rows cannot be read back; of files that were written to the end, only that they are a database."""
        if self._opened is not None or not self.version():
            probe(self)
            return
        with closing(sqlite3.connect(f"{(self._folder / CHROMA_FILE).absolute().as_uri()}?mode=ro", uri=True)) as file:
            file.execute("SELECT count(*) FROM collections").fetchone()

    def renew(self) -> None:
        """Open the files again: Chroma does not notice what another process has written."""
        with self._opening:
            outdated, self._outdated = self._outdated, self._opened[0] if self._opened else None
            self._opened = None
        if outdated is not None:  # the one before the last: searches may still be reading from the last
            cast(Any, outdated).close()

    def close(self) -> None:
        """Release the files."""
        super().close()
        if self._outdated is not None:
            cast(Any, self._outdated).close()

    def _connect(self) -> ClientAPI:
        return _client(self._folder)

    def _open(self) -> tuple[ClientAPI, Collection]:
        with self._opening:
            return super()._open()

    def version(self) -> str:
        """The mark of the last finished writing."""
        try:
            return (self._folder / VERSION_FILE).read_text(encoding="utf-8")
        except OSError:
            return ""

    def mark(self, version: str) -> None:
        """Set the mark."""
        file = self._folder / VERSION_FILE
        if version:
            file.write_text(version, encoding="utf-8")
        else:
            file.unlink(missing_ok=True)


def _client(folder: Path) -> ClientAPI:
    """A client that shares nothing with others in this process: Chroma knows them by the spelling of their path, shares
    what is open between them and remembers even one that failed to start. So every path is spelled in its own way."""
    import chromadb
    from chromadb.config import Settings

    spelling = "".join("/." if digit == "1" else "/" for digit in f"{next(_openings):b}")
    path = f"{folder}{spelling}"
    try:
        return chromadb.PersistentClient(path, Settings(anonymized_telemetry=False))
    except BaseException:
        _forget(path)
        raise


def _forget(path: str) -> None:
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient._identifier_to_refcount.pop(path, None)
    system = SharedSystemClient._identifier_to_system.pop(path, None)
    if system is not None:
        with suppress(Exception):
            system.stop()


def _where(where: Conditions) -> dict[str, Any] | None:
    translated = [_translated(condition) for condition in where]
    if len(translated) > 1:
        return {"$and": translated}
    return translated[0] if translated else None


def _translated(condition: Condition) -> dict[str, Any]:
    if condition.operator == "$prefix":
        path = str(condition.values[0])
        return {"$or": [{name: path} for name in heading_fields(path)]}
    if condition.operator not in ("$in", "$nin"):
        return {condition.field: {condition.operator: condition.values[0]}}
    single, several = ("$eq", "$or") if condition.operator == "$in" else ("$ne", "$and")
    kinds: dict[type, list[Any]] = {}
    for value in condition.values:  # Chroma's lists hold values of one kind
        kinds.setdefault(type(value), []).append(value)
    parts: list[dict[str, Any]] = [
        {condition.field: {condition.operator: held} if len(held) > 1 else {single: held[0]}} for held in kinds.values()
    ]
    return {several: parts} if len(parts) > 1 else parts[0]


def _rows(found: Any) -> list[StoredRow]:
    ids = found["ids"]
    nothing: list[Any] = [None] * len(ids)
    texts, metas = found.get("documents"), found.get("metadatas")
    vectors = found.get("embeddings")
    return [
        StoredRow(row, text or "", meta or {}, None if vector is None else np.asarray(vector, dtype=np.float32))
        for row, text, meta, vector in zip(
            ids, texts or nothing, metas or nothing, nothing if vectors is None else vectors, strict=True
        )
    ]
