"""One writer at a time: embedded Chroma loses vectors when two processes write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from shopbot.tools.retrieval.errors import RetrievalError

LOCK_TIMEOUT_S = 60.0


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the writer's place of the index in `folder`; within one thread it may be held twice.

    The lock file lies beside the folder, so that it outlives a rebuilt index; who holds it stands in a second file.

    Raises:
        RetrievalError: the place did not come free in a minute, or the disk does not let us write.
    """
    file = folder.parent / f"{folder.name}.lock"
    holder = folder.parent / f"{folder.name}.lock.holder"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file, timeout=LOCK_TIMEOUT_S, is_singleton=True)
        lock.acquire()
    except Timeout:
        raise RetrievalError(
            f"Another process{_named(holder)} has held {file} for {LOCK_TIMEOUT_S:g} s: stop it or try again later."
        ) from None
    except OSError as error:
        raise RetrievalError(f"The index folder {folder} cannot be written: {error.strerror}.") from None
    try:
        with suppress(OSError):
            holder.write_text(str(os.getpid()))
        yield
    finally:
        lock.release()


def _named(holder: Path) -> str:
    with suppress(OSError):
        return f" (number {holder.read_text()})"
    return ""
