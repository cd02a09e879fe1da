"""Opens an index so that it always works: in step with its documents, and rebuilt when it is damaged."""

from __future__ import annotations

import errno
import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from shopbot.engines.embedding import Encoder
from shopbot.errors import AgentError, first_line
from shopbot.tools.retrieval.batches import Progress, model_of
from shopbot.tools.retrieval.chroma_store import VERSION_FILE
from shopbot.tools.retrieval.documents import Document, Unreadable, read_documents
from shopbot.tools.retrieval.errors import DamagedIndex, RetrievalError
from shopbot.tools.retrieval.ingestion import IngestReport
from shopbot.tools.retrieval.places import Place, embedded
from shopbot.tools.retrieval.store import ChunkStore

log = logging.getLogger(__name__)

IN_STEP_FILE = "in_step"
"""The version of an index and the digest of the documents that it is in step with: then Chroma need not be loaded."""

Documents = Callable[[], Iterable[Document | Unreadable]]


def open_store(index: Path, documents: Path, encoder: Encoder) -> ChunkStore:
    """The index in folder `index`, created if need be and brought in step with the Markdown in `documents`.

    A damaged index is deleted and built again from the documents, with one line in the log.

    Raises:
        RetrievalError: no documents; the folder cannot be written; another process holds it.
    """
    place = embedded(index)
    read = list(read_documents(documents))
    digest = _digest_of(read, encoder)
    if _is_noted(index, digest):
        with suppress(Exception):  # what is wrong with it is found out below
            return _checked(ChunkStore(place, encoder))
    store, report = _in_step(place, lambda: read, None, encoder, None)
    for reason in [*report.skipped, *report.empty]:
        log.warning("%s", reason)
    with suppress(OSError):
        (index / IN_STEP_FILE).write_text(f"{store.version}\n{digest}", encoding="utf-8")
    return store


def _digest_of(read: Sequence[Document | Unreadable], encoder: Encoder) -> str:
    """What the index of these documents depends on."""
    about = [f"{each.source} {each.digest}" if isinstance(each, Document) else each.reason for each in read]
    return hashlib.sha256("\n".join([model_of(encoder), *about]).encode()).hexdigest()


def _is_noted(index: Path, digest: str) -> bool:
    try:
        version = (index / VERSION_FILE).read_text(encoding="utf-8")
        return (index / IN_STEP_FILE).read_text(encoding="utf-8") == f"{version}\n{digest}"
    except OSError:
        return False


def ingest_safely(
    place: Place,
    documents: Documents,
    encoder: Encoder,
    progress: Progress | None = None,
    everything: Documents | None = None,
) -> IngestReport:
    """Bring the index in step with `documents` and close it; a damaged index is built again.

    Args:
        everything: what a damaged index is built from, when it held more than `documents`.

    Raises:
        RetrievalError: the index cannot be written; another process holds it.
    """
    store, report = _in_step(place, documents, everything, encoder, progress)
    store.close()
    return report


def open_existing(place: Place, encoder: Encoder, cure: str) -> ChunkStore:
    """The index as it is.

    Args:
        cure: a sentence for whoever meets a damaged index.

    Raises:
        RetrievalError: it is damaged or cannot be read.
    """
    try:
        return _checked(ChunkStore(place, encoder))
    except BaseException as error:
        _reraise_unless_damaged(error, place.folder)
        raise RetrievalError(f"{place.shown} is damaged ({first_line(error)}). {cure}") from None


def _in_step(
    place: Place, documents: Documents, everything: Documents | None, encoder: Encoder, progress: Progress | None
) -> tuple[ChunkStore, IngestReport]:
    with place.writing():
        try:
            return _open(place, documents, encoder, progress)
        except BaseException as error:
            _reraise_unless_damaged(error, place.folder)
            reason = first_line(error)
            if not place.rebuilds:
                raise RetrievalError(
                    f"{place.shown} failed ({reason}): what is stored stays; ingest again when it works."
                ) from error
            log.warning("The index in %s is damaged (%s): it is rebuilt from its sources.", place.folder, reason)
        try:
            place.drop()
            return _open(place, everything or documents, encoder, progress)
        except AgentError:
            raise
        except Exception as error:
            raise RetrievalError(
                f"The index in {place.folder} cannot be built: {error}. Check the folder's rights and free space."
            ) from error


def _open(
    place: Place, documents: Documents, encoder: Encoder, progress: Progress | None
) -> tuple[ChunkStore, IngestReport]:
    store = ChunkStore(place, encoder)
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
    if isinstance(error, DamagedIndex):
        return
    if isinstance(error, AgentError | KeyboardInterrupt | SystemExit | MemoryError):
        raise error
    if "database is locked" in str(error):
        raise RetrievalError(f"The index in {index} is locked by another program: close it and try again.")
    if "disk is full" in str(error) or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        raise RetrievalError(f"There is no space left for the index in {index}: free some and try again.")
    if isinstance(error, PermissionError):
        raise RetrievalError(f"The index folder {index} cannot be written: {error.strerror}.")
