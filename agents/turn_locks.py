"""The lock of a conversation: one turn at a time, across threads, event loops and, beside a SQLite file, processes.

It is held until the last action of the turn has ended, also when whoever waited for the turn has gone.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import hashlib
import os
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from langchain_core.messages import AnyMessage

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
        self._paused: tuple[object, Callable[[], Any]] | None = None
        self.is_abandoned = False

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

    @contextmanager
    def paused(self, close: Callable[[], Any]) -> Iterator[None]:
        """While a piece of the turn is with whoever reads along: nothing runs, and `close` would end the turn."""
        self._paused = (caller(), close)
        try:
            yield
        finally:
            self._paused = None

    def abandon(self) -> Callable[[], Any] | None:
        """What ends the turn, if who reads along is the caller, who wants the next: it was left half-way."""
        who, close = self._paused or (None, None)
        if close is None or who is None or who != caller():
            return None
        self.is_abandoned = True
        return close

    @property
    def has_ended(self) -> bool:
        """Whether nothing holds it any more."""
        return self._holders == 0

    def release(self) -> None:
        """One holder less; the last one ends the turn."""
        with self._counting:
            self._holders -= 1
            ended = self._holders == 0
        if ended:
            self._locks.let_go(self.conversation)


_held: ContextVar[tuple[HeldTurn, ...]] = ContextVar("held_turns", default=())


def caller() -> object:
    """Who calls, if it is somebody who does one thing after the other: a task, or the main thread of a program. None
    for other threads: who lends them out may have another go on with what one of them has begun."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        thread = threading.current_thread()
        return thread if thread is threading.main_thread() else None


def is_held(conversation: str) -> bool:
    """Whether this already runs inside a turn of the conversation, as an agent that is a tool of another does."""
    return any(turn.conversation == conversation and not turn.has_ended for turn in _held.get())


@contextmanager
def busy_turn(conversation: str) -> Iterator[None]:
    """Inside an action: the turn of `conversation` lasts at least as long as this block."""
    turn = next((turn for turn in _held.get() if turn.conversation == conversation), None)
    with turn.busy() if turn is not None else contextlib.nullcontext():
        yield


class TurnLocks:
    """The locks of one store of conversations: first come, first served within a process."""

    glance_s = 0.02
    """Seconds between two looks whether another process has ended its turn."""
    waits = False
    """Whether locking and letting go wait for a server, and must not run on an event loop."""

    def __init__(self, find_file: Callable[[], Path | None] = lambda: None) -> None:
        self._waiting: dict[str, deque[Waiter]] = {}
        self._guard = threading.Lock()
        self._held: dict[str, HeldTurn] = {}
        self._behind: dict[str, list[AnyMessage]] = {}
        self._find_file = find_file
        self.is_ready = False
        self._descriptor: int | None = None

    def leave_behind(self, conversation: str, messages: Sequence[AnyMessage]) -> None:
        """Keep messages whose turn was cut short before it began, for the next."""
        if messages:
            with self._guard:
                self._behind.setdefault(conversation, []).extend(messages)

    def left_behind(self, conversation: str) -> list[AnyMessage]:
        """Take over what earlier turns have left behind."""
        with self._guard:
            return self._behind.pop(conversation, [])

    def prepare(self) -> None:
        """Open the lock file, where there is one, before the first lock; may wait for the store's event loop."""
        if self.is_ready or fcntl is None:
            return
        file = self._find_file()
        with self._guard:
            if file is not None and self._descriptor is None:
                self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            self.is_ready = True

    def line_up(self, conversation: str) -> Waiter:
        """A place in the line of the conversation; the future is done when it is this one's turn."""
        place = Waiter()
        with self._guard:
            line = self._waiting.setdefault(conversation, deque())
            line.append(place)
            if len(line) == 1:
                place.set_result(None)
        return place

    def hold(self, conversation: str, *, waited: bool) -> HeldTurn:
        """The turn that has come and is locked."""
        turn = self._held[conversation] = HeldTurn(self, conversation, waited=waited)
        return turn

    def is_locked(self, conversation: str) -> bool:
        """Whether a turn of this process holds the conversation."""
        return conversation in self._held

    def abandoned(self, conversation: str) -> Callable[[], Any] | None:
        """What ends the turn that holds the conversation, if the caller itself has left it half-way."""
        turn = self._held.get(conversation)
        return turn.abandon() if turn is not None else None

    def leave(self, conversation: str, place: Waiter) -> None:
        """Give up a place in the line, whether its turn has come or not."""
        with self._guard:
            line = self._waiting[conversation]
            first = line[0] is place
            line.remove(place)
            self._call_next(conversation, line, first=first)

    def let_go(self, conversation: str) -> None:
        """End the turn: the next in line has it."""
        self._held.pop(conversation, None)
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
        if self._descriptor is None:
            return True
        with contextlib.suppress(BlockingIOError, PermissionError):
            _set_lock(self._descriptor, _place_of(conversation), lock=True)
            return True
        return False

    @contextmanager
    def alone(self, conversation: str) -> Iterator[bool]:
        """Whether no turn runs in any process; if so, none begins before the block ends. For whoever takes no turn."""
        self.prepare()
        locked = not self.is_locked(conversation) and self.try_lock(conversation)
        try:
            yield locked
        finally:
            if locked:
                self._unlock(conversation)

    def _unlock(self, conversation: str) -> None:
        if self._descriptor is not None:
            _set_lock(self._descriptor, _place_of(conversation), lock=False)

    def close(self) -> None:
        """Close the lock file, if one is open."""
        with self._guard:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
            self.is_ready = False


def _set_lock(descriptor: int, place: int, *, lock: bool) -> None:
    """Lock or free one byte of the file, without waiting.

    Where the system has them (Linux), locks that belong to the open file: those of a process would not hold between
    two stores of one process on the same file, and would all fall when one of the two is closed.
    """
    if hasattr(fcntl, "F_OFD_SETLK"):
        kind = fcntl.F_WRLCK if lock else fcntl.F_UNLCK
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("@hhqqi0q", kind, os.SEEK_SET, place, 1, 0))
    else:
        fcntl.lockf(descriptor, (fcntl.LOCK_EX | fcntl.LOCK_NB) if lock else fcntl.LOCK_UN, 1, place)


def _place_of(conversation: str) -> int:
    """The byte of the lock file that stands for a conversation; lock files stay empty."""
    return int.from_bytes(hashlib.sha256(conversation.encode()).digest()[:7], "big") >> 1
