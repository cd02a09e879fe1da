"""Brings a store in step with its documents: reads again only what changed, and resumes where it was killed."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import Encoder
from shopbot.errors import AgentError, first_line
from shopbot.tools.retrieval.chunks import TOKEN_BUDGET, Chunk, split_markdown
from shopbot.tools.retrieval.documents import Document, Unreadable
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.vector_store import ROW_MARK
from shopbot.tools.retrieval.vectors import VECTORS_VERSION, chunk_vectors

Progress = Callable[[str, int], None]
"""Called with the source at hand and how many of its chunks are stored by now."""

BATCH = 64
INCOMPLETE = "incomplete-"
NOTES_VERSION = "3"
"""Part of every document's digest: raise it when documents are split or chunks noted differently; vectors are kept."""


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
class IngestReport:
    """What one ingestion did, as the sources of the documents.

    `skipped` has a sentence for each that could not be read, `empty` for each that has nothing to search.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    chunks: int = 0

    @property
    def wrote(self) -> bool:
        """Whether the store is another than before."""
        return bool(self.added or self.changed or self.removed)


class Ingestion:
    """One run over some documents. Hold the writer's place (`shopbot.tools.retrieval.locking`) around it."""

    def __init__(self, store: IngestTarget, encoder: Encoder, progress: Progress | None = None) -> None:
        self._store = store
        self._encoder = encoder
        self._progress = progress or (lambda source, stored: None)
        self._held = store.rows_by_source()
        self._wrote = False
        self.report = IngestReport()

    def run(self, documents: Iterable[Document | Unreadable]) -> IngestReport:
        """Take in `documents`; what was held from the same origins and is not among them is dropped.

        A document that cannot be read is skipped with a reason, and its old chunks stay.
        """
        seen: set[str] = set()
        origins: set[str] = set()
        for document in documents:
            seen.add(document.source)
            origins.add(document.origin)
            if isinstance(document, Unreadable):
                (self.report.empty if document.expected else self.report.skipped).append(document.reason)
            else:
                self._take(document)
        for source in sorted(set(self._held) - seen):
            if _origin(self._held[source]) in origins:
                self._store.delete(list(self._held[source]))
                self.report.removed.append(source)
        return self.report

    def _take(self, document: Document) -> None:
        rows = self._held.get(document.source, {})
        if rows and _origin(rows) != document.origin:
            self.report.skipped.append(
                f"{document.source} is held already, from {_origin(rows)}: rename one or use another collection."
            )
        elif self._is_current(document, rows):
            self.report.unchanged.append(document.source)
        else:
            self._replace(document, rows)

    def _is_current(self, document: Document, rows: Rows) -> bool:
        digest = self._digest(document)
        return bool(rows) and all(row.digest == digest and row.parts == len(rows) for row in rows.values())

    def _replace(self, document: Document, old: Rows) -> None:
        self._progress(document.source, 0)
        try:
            chunks = self._chunks(document)
        except RetrievalError as error:
            self.report.skipped.append(str(error))
            return
        except AgentError:  # no fault of the document: the encoder is missing
            raise
        except Exception as error:  # a strange document is no reason to stop, nor a sign of a damaged store
            self.report.skipped.append(f"{document.source} cannot be split: {first_line(error)}.")
            return
        finally:
            self.report.skipped.extend(document.left_out)
        if not chunks:
            self.report.empty.append(f"{document.source} has no text to search.")
        self._wrote = False
        new = self._write(document, chunks, old)
        gone = sorted(set(old) - new)
        if gone:
            self._store.delete(gone)
        if old and chunks and not (self._wrote or gone):
            self.report.unchanged.append(document.source)
        elif chunks:
            (self.report.changed if old else self.report.added).append(document.source)

    def _chunks(self, document: Document) -> list[Chunk]:
        return split_markdown(
            # Half of a surrogate pair, as a JSON escape can make one, cannot be stored.
            document.read().encode("utf-8", "replace").decode(),
            document=document.name,
            source=document.source,
            count_tokens=self._encoder.count_tokens,
            asked=document.asked,
            form=document.form,
            metadata=document.metadata,
        )

    def _write(self, document: Document, chunks: Sequence[Chunk], old: Rows) -> set[str]:
        common = {
            "source": document.source,
            "origin": document.origin,
            # What had to leave something out is read again the next time, so that it is said again.
            "digest": f"{INCOMPLETE}{self._digest(document)}" if document.left_out else self._digest(document),
            "parts": sum(max(1, len(chunk.asked)) for chunk in chunks),
        }
        written: set[str] = set()
        for start in range(0, len(chunks), BATCH):
            batch = chunks[start : start + BATCH]
            written |= self._write_batch(batch, common, old)
            self.report.chunks += len(batch)
            self._progress(document.source, start + len(batch))
        return written

    def _write_batch(self, batch: Sequence[Chunk], common: Mapping[str, Any], old: Rows) -> set[str]:
        ids = {chunk.key: _row_ids(chunk) for chunk in batch}
        # A chunk whose own hash is known keeps its vectors, so that a killed run resumes and a small edit is cheap.
        own = {chunk.key: self._own(chunk) for chunk in batch}
        known = [chunk for chunk in batch if all(i in old and old[i].own == own[chunk.key] for i in ids[chunk.key])]
        new = [chunk for chunk in batch if chunk not in known]
        stale = [chunk for chunk in known if old[chunk.key][1:3] != (common["digest"], common["parts"])]
        self._wrote |= bool(new or stale)
        if new:
            vectors = chunk_vectors(new, self._encoder)
            self._store.put([(ids[chunk.key], chunk, {**common, "own": own[chunk.key]}) for chunk in new], vectors)
        if stale:
            self._store.annotate([(ids[chunk.key], chunk, {**common, "own": own[chunk.key]}) for chunk in stale])
        return {row for rows in ids.values() for row in rows}

    def _own(self, chunk: Chunk) -> str:
        content = json.dumps([model_of(self._encoder), chunk.source, chunk.heading, chunk.text, chunk.asked])
        return hashlib.sha256(content.encode()).hexdigest()[:24]

    def _digest(self, document: Document) -> str:
        about = json.dumps(document.metadata, sort_keys=True, default=str).encode()
        return f"{model_of(self._encoder)}-{NOTES_VERSION}-{document.digest}-{hashlib.sha256(about).hexdigest()[:12]}"


def model_of(encoder: Encoder) -> str:
    """Part of every digest: vectors of another model or another way of splitting must not mix with today's."""
    return f"{VECTORS_VERSION}-{TOKEN_BUDGET}-{encoder.digest[:12]}"


def _row_ids(chunk: Chunk) -> list[str]:
    return [chunk.key, *(f"{chunk.key}{ROW_MARK}{number}" for number in range(1, len(chunk.asked)))]


def _origin(rows: Rows) -> str:
    return next(iter(rows.values())).origin
