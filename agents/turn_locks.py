"""The lock of a conversation: one turn at a time, across threads, event loops and, beside a SQLite file, processes.

It is held until the last action of the turn has ended, also when whoever waited for the turn has gone.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

try:
    import fcntl
except ImportError:  # Windows has no POSIX locks: there one process at a time may use a file of conversations.
    fcntl = None  # type: ignore[assignment]

Waiter = concurrent.futures.Future[None]

CROSSED = "crossed"
"""In a message's `additional_kwargs`: its sender has not read the reply to the turn before, which had not ended or was
cut short. It answers no question asked there. The value: the ids of the messages whose replies were lost."""


class HeldTurn:
    """A conversation's lock while it is held; every action that is running holds it too.

    `waited`: it was asked for before the turn ahead of it had ended.
    """

    def __init__(self, locks: TurnLocks, conversation: str, *, waited: bool) -> None:
        self.conversation = conversation
        self.waited = waited
        self._locks = locks
        self._holders = 1
        self._counting = threading.Lock()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Hold the turn for as long as this block runs, whatever becomes of who began it."""
        with self._counting:
            self._holders += 1
        try:
            yield
        finally:
            self.release()

    @contextmanager
    def current(self) -> Iterator[None]:
        """What runs in this block, and whatever it starts, belongs to the turn."""
        before = _held.set((*_held.get(), self))
        try:
            yield
        finally:
            _held.reset(before)

    def release(self) -> None:
        """One holder less; the last one ends the turn."""
        with self._counting:
            self._holders -= 1
            ended = self._holders == 0
        if ended:
            self._locks.let_go(self.conversation)


_held: ContextVar[tuple[HeldTurn, ...]] = ContextVar("held_turns", default=())


def is_held(conversation: str) -> bool:
    """Whether this already runs inside a turn of the conversation, as an agent that is a tool of another does."""
    return any(turn.conversation == conversation for turn in _held.get())


@contextmanager
def busy_turn(conversation: str) -> Iterator[None]:
    """Inside an action: the turn of `conversation` lasts at least as long as this block."""
    turn = next((turn for turn in _held.get() if turn.conversation == conversation), None)
    with turn.busy() if turn is not None else contextlib.nullcontext():
        yield


class TurnLocks:
    """The locks of one store of conversations: first come, first served within a process."""

    def __init__(self, file: Path | None = None) -> None:
        self._waiting: dict[str, deque[Waiter]] = {}
        self._guard = threading.Lock()
        self._file = file
        self._descriptor: int | None = None

    def line_up(self, conversation: str) -> Waiter:
        """A place in the line of the conversation; the future is done when it is this one's turn."""
        place = Waiter()
        with self._guard:
            line = self._waiting.setdefault(conversation, deque())
            line.append(place)
            if len(line) == 1:
                place.set_result(None)
        return place

    def leave(self, conversation: str, place: Waiter) -> None:
        """Give up a place in the line, whether its turn has come or not."""
        with self._guard:
            line = self._waiting[conversation]
            first = line[0] is place
            line.remove(place)
            self._call_next(conversation, line, first=first)

    def let_go(self, conversation: str) -> None:
        """End the turn: the next in line has it."""
        self._unlock(conversation)
        with self._guard:
            line = self._waiting[conversation]
            line.popleft()
            self._call_next(conversation, line, first=True)

    def _call_next(self, conversation: str, line: deque[Waiter], *, first: bool) -> None:
        if not line:
            del self._waiting[conversation]
        elif first:
            with contextlib.suppress(concurrent.futures.InvalidStateError):  # cancelled: it leaves the line by itself
                line[0].set_result(None)

    def try_lock(self, conversation: str) -> bool:
        """Lock the conversation against other processes, if none has it; the system frees it when a process dies."""
        if self._file is None or fcntl is None:
            return True
        with self._guard:
            if self._descriptor is None:
                self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        with contextlib.suppress(BlockingIOError, PermissionError):
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place_of(conversation))
            return True
        return False

    def _unlock(self, conversation: str) -> None:
        if self._descriptor is not None and fcntl is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _place_of(conversation))

    def close(self) -> None:
        """Close the lock file, if one is open."""
        with self._guard:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


def _place_of(conversation: str) -> int:
    """The byte of the lock file that stands for a conversation; lock files stay empty."""
    return int.from_bytes(hashlib.sha256(conversation.encode()).digest()[:7], "big") >> 1


_locks: WeakKeyDictionary[Any, TurnLocks] = WeakKeyDictionary()


def locks_for(checkpointer: Any) -> TurnLocks:
    """The locks of the conversations that `checkpointer` keeps; one that knows its own has an attribute `locks`."""
    own: TurnLocks | None = getattr(checkpointer, "locks", None)
    if own is not None:
        return own
    if checkpointer in (None, True, False):
        return TurnLocks()
    return _locks.setdefault(checkpointer, TurnLocks())
