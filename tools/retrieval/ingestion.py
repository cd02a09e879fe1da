"""Brings a store in step with its documents: reads again only what changed, and resumes where it was killed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from shopbot.engines.embedding import Encoder
from shopbot.errors import AgentError, first_line
from shopbot.tools.retrieval.batches import Batch, IngestTarget, Progress, Rows, Waiting, model_of
from shopbot.tools.retrieval.chunks import Chunk, split_markdown
from shopbot.tools.retrieval.documents import Document, Unreadable
from shopbot.tools.retrieval.errors import RetrievalError

INCOMPLETE = "incomplete-"
NOTES_VERSION = "3"
"""Part of every document's digest: raise it when documents are split or chunks noted differently; vectors are kept."""


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
        self._origins = {source: _origin(rows) for source, rows in self._held.items()}
        self._batch = Batch(store, encoder, self._progress, self._written)
        self.report = IngestReport()

    def run(self, documents: Iterable[Document | Unreadable]) -> IngestReport:
        """Take in `documents`; what was held from the same origins and is not among them is dropped.

        A document that cannot be read is skipped with a reason, and its old chunks stay; so is one that comes twice.
        """
        seen: set[str] = set()
        origins: set[str] = set()
        for document in documents:
            origins.add(document.origin)
            if isinstance(document, Unreadable):
                (self.report.empty if document.expected else self.report.skipped).append(document.reason)
            else:
                self._take(document, again=document.source in seen)
            seen.add(document.source)
        self._batch.write()
        for source in sorted(set(self._held) - seen):
            if self._origins[source] in origins:
                self._store.delete(list(self._held[source]))
                self.report.removed.append(source)
        return self.report

    def _take(self, document: Document, *, again: bool) -> None:
        rows = self._held.get(document.source, {})
        origin = self._origins.setdefault(document.source, document.origin)
        if origin != document.origin:
            self.report.skipped.append(
                f"{document.source} is held already, from {origin}: rename one or use another collection."
            )
        elif again:
            return
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
        # What had to leave something out is read again the next time, so that it is said again.
        digest = f"{INCOMPLETE if document.left_out else ''}{self._digest(document)}"
        self._batch.add(Waiting(document.source, document.origin, digest, chunks, old))

    def _written(self, document: Waiting) -> None:
        self.report.chunks += len(document.chunks)
        if document.old and document.chunks and not (document.wrote or document.gone):
            self.report.unchanged.append(document.source)
        elif document.chunks:
            (self.report.changed if document.old else self.report.added).append(document.source)

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

    def _digest(self, document: Document) -> str:
        about = json.dumps(document.metadata, sort_keys=True, default=str).encode()
        return f"{model_of(self._encoder)}-{NOTES_VERSION}-{document.digest}-{hashlib.sha256(about).hexdigest()[:12]}"


def _origin(rows: Rows) -> str:
    return next(iter(rows.values())).origin
