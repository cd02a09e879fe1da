"""The file of traces: one line a decision, whole or not at all, whoever else is writing to it.

Threads wait for each other, processes too (a lock file beside it); a line that does not fit on the disk any more is
taken back. What goes wrong is logged and never reaches the conversation.
"""

from __future__ import annotations

import contextlib
import gzip
import logging
import os
import threading
from pathlib import Path

from filelock import FileLock, Timeout

from shopbot.engines.recording.trace_format import Trace, to_line

logger = logging.getLogger(__name__)

LOCK_WAIT_S = 2.0
"""Seconds to wait for another process at most; a line takes it well under a millisecond."""


class TraceFile:
    """Lines at the end of a file; `.gz` is written as one gzip member a line, which gzip reads as one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._between_processes = FileLock(f"{path}.lock", timeout=LOCK_WAIT_S)
        self._complained: str | None = None

    def append(self, trace: Trace) -> None:
        """Write a line; when that is not possible, log one sentence."""
        content = (to_line(trace) + "\n").encode("utf-8", "replace")
        if self._path.suffix == ".gz":
            content = gzip.compress(content)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, self._between_processes:
                self._write(content)
        except (OSError, Timeout) as error:
            self._complain(error)
        else:
            self._complained = None

    def _write(self, content: bytes) -> None:
        with self._path.open("ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                rest = memoryview(content)
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(before)
                raise

    def _complain(self, error: Exception) -> None:
        """Once for each kind of trouble, until a line is written again."""
        reason = getattr(error, "strerror", None) or type(error).__name__
        if reason != self._complained:
            self._complained = reason
            logger.warning(
                "A decision was not recorded in %s (%s): make room there, or record to another file; "
                "conversations go on.",
                self._path,
                reason,
            )
