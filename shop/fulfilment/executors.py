"""Which processes over one data folder are alive, so that work is taken over from dead ones only.

Every process holds the lock of one numbered slot for as long as it lives; the kernel lets go of it however
the process ends. The slot's name is the executor id under which DBOS files the work of the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


class Executor:
    """This process's slot; `id` is unique among all data folders."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._prefix = _folder_id(folder)
        self._slot, self._lock = _first_free_slot(folder)

    @property
    def id(self) -> str:
        """The executor id of this process."""
        return f"{self._prefix}-{self._slot}"

    @contextlib.contextmanager
    def dead(self) -> Iterator[list[str]]:
        """The executor ids of processes that are gone, kept from coming back while the block runs."""
        with contextlib.ExitStack() as held:
            ids = []
            for file in sorted(self._folder.glob("*.slot")):
                lock = _try_lock(file) if file.stem != str(self._slot) else None
                if lock is not None:
                    held.callback(lock.close)
                    ids.append(f"{self._prefix}-{file.stem}")
            yield ids

    def close(self) -> None:
        """Give the slot back."""
        self._lock.close()


def _first_free_slot(folder: Path) -> tuple[int, BinaryIO]:
    for slot in itertools.count(1):
        lock = _try_lock(folder / f"{slot}.slot")
        if lock is not None:
            return slot, lock
    raise AssertionError("unreachable: slots have no end")


def _try_lock(file: Path) -> BinaryIO | None:
    lock = file.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _folder_id(folder: Path) -> str:
    # Data folders on several machines may share one workflow database, and all of them have a slot 1.
    file = folder / "id"
    with contextlib.suppress(FileExistsError), file.open("x", encoding="ascii") as new:
        new.write(uuid.uuid4().hex)
    return file.read_text(encoding="ascii").strip()
