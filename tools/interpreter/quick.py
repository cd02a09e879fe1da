"""The quick path: plain programs, one after another in processes that are confined already.

The process decides itself whether a program is plain (`sandbox/plain.py`); the host parses nothing. Whatever goes
wrong here, the program starts anew in a process of its own, so this path can only save time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from shopbot.tools.interpreter.child import Child, Lost
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.reply import BadReply, parse_reply, refusal_in
from shopbot.tools.interpreter.result import Failure, Result
from shopbot.tools.interpreter.sandbox.wire import FRAME, reply_limit

QUICK_SECONDS = 0.25
QUICK_LIMITS = Limits(seconds=60.0, memory=48 << 20)
"""Of one of these processes in all; a program that needs more gets its own."""
_MAX_FRAME = 60_000
"""Bytes: a pipe holds as much, so that sending never waits."""


class Refused(Exception):
    """This path does not answer for this program; the message says why.

    `failure` is what went wrong, when the program ran and failed. `long` is whether it turned out to run long.
    """

    def __init__(self, reason: str, failure: Failure | None = None, *, long: bool = False) -> None:
        super().__init__(reason)
        self.failure = failure
        self.long = long


class QuickPath:
    """Processes that are made with `start` when needed; how many at a time is the callers' business."""

    def __init__(self, start: Callable[[Limits], Child]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._closed = False

    def run(self, job: Job, limits: Limits) -> Result:
        """Run one program.

        Raises:
            Refused: it is not plain, long, large, or its process was lost.
            SandboxUnavailable: there are no such processes here.
        """
        if limits.memory < QUICK_LIMITS.memory:
            raise Refused("may use little memory")
        data = job.encoded(output=limits.output)
        if len(data) > _MAX_FRAME:
            raise Refused(f"has more than {_MAX_FRAME} bytes with its inputs")
        child = self._take()
        reply = _ask(child, data, limits) if child else b""
        if child is None or not reply:
            if child:
                child.close()
            raise Refused("did not end at once", long=True)
        self._give_back(child)
        return _result(reply, limits)

    def close(self) -> None:
        """End the processes; those at work end when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()

    def _take(self) -> Child | None:
        while True:
            with self._lock:
                if not self._idle:
                    break
                child = self._idle.pop()
            if child.alive:
                return child
            child.close()
        try:
            child = self._start(QUICK_LIMITS)
        except Lost:
            return None
        if not child.confined(time.monotonic() + 10.0):
            child.close()
            raise Refused("its process could not be confined")
        return child

    def _give_back(self, child: Child) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(child)
                return
        child.close()


def _ask(child: Child, data: bytes, limits: Limits) -> bytes:
    """The reply; nothing when it does not come at once, or is too long."""
    deadline = time.monotonic() + min(QUICK_SECONDS, limits.seconds)
    try:
        child.send(FRAME.pack(len(data)) + data)
        header = child.receive(FRAME.size, deadline)
        if len(header) < FRAME.size:
            return b""
        (size,) = FRAME.unpack(header)
        if size > reply_limit(limits.output):
            return b""
        reply = child.receive(size, deadline)
    except OSError:
        return b""
    return reply if len(reply) == size else b""


def _result(reply: bytes, limits: Limits) -> Result:
    try:
        if reason := refusal_in(reply):
            raise Refused(reason)
        return replace(parse_reply(reply, limits.output), path="cpython")
    except BadReply as error:
        raise Refused(str(error)) from None
