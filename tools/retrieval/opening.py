"""Opens an index so that it always works: in step with its documents, and rebuilt when it is damaged."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from engines.embedding import Encoder
from shop.errors import ShopError
from tools.retrieval.errors import RetrievalError
from tools.retrieval.store import ChunkStore, forget, writing

log = logging.getLogger(__name__)


def open_store(index: Path, documents: Path, encoder: Encoder) -> ChunkStore:
    """The index in folder `index`, created if need be and brought in step with `documents`.

    A damaged index is deleted and built again from the documents, with one line in the log.

    Raises:
        RetrievalError: no documents; the folder cannot be written; another process holds it.
    """
    with writing(index):
        try:
            return _open(index, documents, encoder)
        except BaseException as error:
            _reraise_unless_damaged(error, index)
            log.warning("The index in %s is damaged (%s): it is rebuilt from the documents.", index, error)
        try:
            forget(index)
            shutil.rmtree(index)
            return _open(index, documents, encoder)
        except Exception as error:
            raise RetrievalError(
                f"The index in {index} cannot be built: {error}. Check the folder's rights and free space."
            ) from error


def _open(index: Path, documents: Path, encoder: Encoder) -> ChunkStore:
    store = ChunkStore(index, encoder)
    try:
        for reason in store.ingest(documents).skipped:
            log.warning("%s", reason)
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
    if isinstance(error, PermissionError):
        raise RetrievalError(f"The index folder {index} cannot be written: {error.strerror}.")
