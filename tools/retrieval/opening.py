"""Opens an index so that it always works: in step with its documents, and rebuilt when it is damaged."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from engines.embedding import Encoder
from shop.errors import ShopError
from tools.retrieval.documents import Document, Unreadable, read_documents
from tools.retrieval.errors import RetrievalError
from tools.retrieval.ingestion import IngestReport, Progress
from tools.retrieval.locking import writing
from tools.retrieval.store import ChunkStore, forget

log = logging.getLogger(__name__)

Documents = Callable[[], Iterable[Document | Unreadable]]


def open_store(index: Path, documents: Path, encoder: Encoder) -> ChunkStore:
    """The index in folder `index`, created if need be and brought in step with the Markdown in `documents`.

    A damaged index is deleted and built again from the documents, with one line in the log.

    Raises:
        RetrievalError: no documents; the folder cannot be written; another process holds it.
    """
    store, report = _in_step(index, lambda: read_documents(documents), encoder, None)
    for reason in report.skipped:
        log.warning("%s", reason)
    return store


def ingest_safely(
    index: Path, documents: Documents, encoder: Encoder, progress: Progress | None = None
) -> IngestReport:
    """Bring the index in step with `documents` and close it; a damaged index is built again.

    Raises:
        RetrievalError: the folder cannot be written; another process holds it.
    """
    store, report = _in_step(index, documents, encoder, progress)
    store.close()
    return report


def open_existing(index: Path, encoder: Encoder) -> ChunkStore:
    """The index in folder `index` as it is.

    Raises:
        RetrievalError: it is damaged or cannot be read.
    """
    try:
        return _checked(ChunkStore(index, encoder))
    except BaseException as error:
        _reraise_unless_damaged(error, index)
        forget(index)
        raise RetrievalError(f"The index in {index} is damaged ({error}): ingest its sources again.") from None


def _in_step(
    index: Path, documents: Documents, encoder: Encoder, progress: Progress | None
) -> tuple[ChunkStore, IngestReport]:
    with writing(index):
        try:
            return _open(index, documents, encoder, progress)
        except BaseException as error:
            _reraise_unless_damaged(error, index)
            log.warning("The index in %s is damaged (%s): it is rebuilt from the documents.", index, error)
        try:
            forget(index)
            shutil.rmtree(index)
            return _open(index, documents, encoder, progress)
        except Exception as error:
            raise RetrievalError(
                f"The index in {index} cannot be built: {error}. Check the folder's rights and free space."
            ) from error


def _open(
    index: Path, documents: Documents, encoder: Encoder, progress: Progress | None
) -> tuple[ChunkStore, IngestReport]:
    store = ChunkStore(index, encoder)
    try:
        report = store.ingest_documents(documents, progress)
    except BaseException:
        store.close()
        raise
    return _checked(store), report


def _checked(store: ChunkStore) -> ChunkStore:
    try:
        store.check()
    except BaseException:
        store.close()
        raise
    return store


def _reraise_unless_damaged(error: BaseException, index: Path) -> None:
    """Let through what a rebuild would not cure. Chroma's own panics derive from BaseException."""
    if isinstance(error, ShopError | KeyboardInterrupt | SystemExit | MemoryError):
        raise error
    if "database is locked" in str(error):
        raise RetrievalError(f"The index in {index} is locked by another program: close it and try again.")
    if "disk is full" in str(error) or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        raise RetrievalError(f"There is no space left for the index in {index}: free some and try again.")
    if isinstance(error, PermissionError):
        raise RetrievalError(f"The index folder {index} cannot be written: {error.strerror}.")
