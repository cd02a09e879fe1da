"""A bounded number of sandboxes, lent to one thread at a time; a lost one is replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shopbot.tools.interpreter.cpython import Sandbox


class PoolBusy(Exception):
    """No sandbox became free in time."""


class SandboxPool:
    """At most `size` sandboxes, made by `make` when first needed.

    The most recently used is lent first, so that a quiet program keeps one process warm and not all of them.
    """

    def __init__(self, make: Callable[[], Sandbox], size: int) -> None:
        self._make = make
        self._free = threading.BoundedSemaphore(size)
        self._idle: list[Sandbox] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def lend(self, patience: float) -> Iterator[Sandbox]:
        """A sandbox for the calling thread, waiting at most `patience` seconds for one.

        Raises:
            PoolBusy: none became free.
            SandboxUnavailable: a new one cannot be made.
        """
        if not self._free.acquire(timeout=patience):
            raise PoolBusy(f"no process for programs became free within {patience:g} s")
        try:
            sandbox = self._take() or self._make()
            try:
                yield sandbox
            finally:
                self._give_back(sandbox)
        finally:
            self._free.release()

    def close(self) -> None:
        """End the idle sandboxes; those on loan end when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for sandbox in idle:
            sandbox.close()

    def _take(self) -> Sandbox | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                sandbox = self._idle.pop()
            if sandbox.alive:
                return sandbox
            sandbox.close()

    def _give_back(self, sandbox: Sandbox) -> None:
        with self._lock:
            keep = not self._closed and sandbox.alive
            if keep:
                self._idle.append(sandbox)
        if not keep:
            sandbox.close()
