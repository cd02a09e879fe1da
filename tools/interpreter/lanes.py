"""Who runs next, when more want to than can: a fair queue, in which nobody waits without end.

A lane lets a few programs through at a time. Whoever used least of late goes first, and a named caller (a
conversation) never has all of a lane to itself. There are three: plain programs, others, and, aside, those that turned
out to run long.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

_HALF_LIFE = 10.0
"""Seconds after which half of what a caller used is forgotten."""
_NEGLIGIBLE = 0.001
_MOST_WAITING = 256


class Busy(Exception):
    """A program did not get its turn; the message says how many wait and how long this one did."""


class Usage:
    """Seconds that named callers used of late."""

    def __init__(self) -> None:
        self._seconds: dict[str, tuple[float, float]] = {}

    def of(self, caller: str | None) -> float:
        """What `caller` used; nothing when it has no name."""
        seconds, when = self._seconds.get(caller or "", (0.0, 0.0))
        return seconds * math.pow(0.5, (time.monotonic() - when) / _HALF_LIFE)

    def add(self, caller: str | None, seconds: float) -> None:
        """Count what a turn took, and forget who used next to nothing."""
        if caller:
            self._seconds[caller] = (self.of(caller) + seconds, time.monotonic())
            if len(self._seconds) > 4 * _MOST_WAITING:
                kept = {name: used for name, used in self._seconds.items() if self.of(name) > _NEGLIGIBLE}
                self._seconds = kept


@dataclass(eq=False)
class _Ticket:
    caller: str | None
    number: int
    called: threading.Event = field(default_factory=threading.Event)


class Lane:
    """At most `size` turns at a time, of a named caller one fewer when there is more than one."""

    def __init__(self, size: int, usage: Usage) -> None:
        self._free = size
        self._quota = max(1, size - 1)
        self._usage = usage
        self._lock = threading.Lock()
        self._numbers = count()
        self._waiting: list[_Ticket] = []
        self._running: Counter[str] = Counter()

    @contextmanager
    def turn(self, caller: str | None, patience: float) -> Iterator[Turn]:
        """Wait for a turn, at most `patience` seconds, and have it until the end or until it is given up.

        Raises:
            Busy: it did not come.
        """
        ticket = _Ticket(caller, next(self._numbers))
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                raise Busy(f"{len(self._waiting)} programs are waiting already: try again later")
            self._waiting.append(ticket)
            self._call()
        if not ticket.called.wait(patience):
            self._withdraw(ticket, patience)
        turn = Turn(self, caller)
        try:
            yield turn
        finally:
            turn.give_up()

    def try_turn(self, caller: str | None) -> Turn | None:
        """A turn, when one is free and nobody waits for it."""
        with self._lock:
            if self._waiting or not self._may_run(caller):
                return None
            self._take(caller)
        return Turn(self, caller)

    def leave(self, caller: str | None, seconds: float) -> None:
        """End a turn that took so long."""
        with self._lock:
            self._free += 1
            if caller:
                self._running[caller] -= 1
                self._running += Counter()  # forget those at nought
            self._usage.add(caller, seconds)
            self._call()

    def _withdraw(self, ticket: _Ticket, patience: float) -> None:
        with self._lock:
            if ticket.called.is_set():
                return
            self._waiting.remove(ticket)
            others = len(self._waiting)
        raise Busy(f"no turn came within {patience:g} s, and {others} other programs are waiting: try again later")

    def _call(self) -> None:
        while waiting := [ticket for ticket in self._waiting if self._may_run(ticket.caller)]:
            first = min(waiting, key=lambda ticket: (self._usage.of(ticket.caller), ticket.number))
            self._waiting.remove(first)
            self._take(first.caller)
            first.called.set()

    def _may_run(self, caller: str | None) -> bool:
        return self._free > 0 and (not caller or self._running[caller] < self._quota)

    def _take(self, caller: str | None) -> None:
        self._free -= 1
        if caller:
            self._running[caller] += 1


class Turn:
    """Somebody's place in a lane."""

    def __init__(self, lane: Lane, caller: str | None) -> None:
        self._lane: Lane | None = lane
        self._caller = caller
        self._began = time.monotonic()

    def give_up(self) -> None:
        """Let the next one run; nothing when that has happened."""
        lane, self._lane = self._lane, None
        if lane:
            lane.leave(self._caller, time.monotonic() - self._began)

    def move_to(self, other: Lane) -> bool:
        """Exchange it for a place in another lane, when there is one free."""
        turn = other.try_turn(self._caller)
        if turn is None:
            return False
        self.give_up()
        self._lane, self._began, turn._lane = other, turn._began, None
        return True
