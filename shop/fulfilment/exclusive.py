"""One at a time, across threads and processes: a named lock that a killed process leaves open.

On PostgreSQL it is an advisory lock, so that machines exclude each other too; otherwise a file lock in the
data folder. Neither blocks anybody's reads or writes of the order database.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, text

_STRIPES = 64


@contextlib.contextmanager
def exclusive(database: Engine, data: Path, name: str) -> Iterator[None]:
    """Hold the lock `name`; wait for it if somebody else does. Not re-entrant."""
    if database.dialect.name == "postgresql":
        with database.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _number(name)})
            yield
    else:
        with _file_lock(data / "locks", name):
            yield


@contextlib.contextmanager
def _file_lock(folder: Path, name: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    # Deleting a lock file while others wait for it lets two in, so the files stay: a fixed number of them.
    with (folder / f"{_number(name) % _STRIPES:02d}.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"shopbot {name}".encode()).digest()[:8], "big", signed=True)
