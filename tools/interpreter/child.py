"""One confined process: the pipes to it, the lifeline by which it is ended, and what the server tells of its end."""

from __future__ import annotations

import contextlib
import math
import os
import select
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.sandbox.wire import (
    ASIDE,
    CONFINED,
    KILL,
    MAX_MESSAGE,
    PID,
    START,
    STATUS,
    reply_limit,
)

Stopped = Literal["time", "output", "aside"]

_CHUNK = 65_536
_KILL_SECONDS = 5.0


class Lost(Exception):
    """The server has ended, or does not answer."""


class Child:
    """Asked of the server when made; it confines itself and then waits for a program.

    Args:
        control: the server's control socket.
        sequence: whether it answers plain programs one after another.

    Raises:
        Lost: there is no server any more.
    """

    def __init__(self, control: socket.socket, limits: Limits, *, sequence: bool) -> None:
        self._limit = reply_limit(limits.output)
        job_read, self._job = os.pipe()
        self._reply, reply_write = os.pipe()
        self._lifeline, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._status: tuple[int, float] | None = None
        self._pid: int | None = None
        try:
            header = START.pack(sequence, limits.memory, math.ceil(limits.seconds), limits.output)
            socket.send_fds(control, [header], [job_read, reply_write, theirs.fileno()])
        except OSError:
            self.close()
            raise Lost from None
        finally:
            os.close(job_read)
            os.close(reply_write)
            theirs.close()

    @property
    def pid(self) -> int:
        """As the host sees it.

        Raises:
            Lost: the server does not say it.
        """
        while self._pid is None:
            self._hear(time.monotonic() + _KILL_SECONDS)
        return self._pid

    @property
    def alive(self) -> bool:
        """Whether nothing is known of its end; a lifeline that can be read holds the PID, or tells of the end."""
        if self._pid is None and _readable(self._lifeline.fileno(), 0):
            self._hear(time.monotonic())
        return self._status is None and not _readable(self._lifeline.fileno(), 0)

    def confined(self, deadline: float) -> bool:
        """Wait until it is confined; false when it ends, or time is up, before that."""
        return _readable(self._reply, deadline - time.monotonic()) and os.read(self._reply, 1) == CONFINED

    def exchange(
        self, data: bytes, deadline: float, aside: tuple[float, Callable[[], bool]] | None = None
    ) -> tuple[bytes, Stopped | None]:
        """Send the job to a confined process and read its reply to the end; neither side can block the other.

        Args:
            deadline: in monotonic seconds.
            aside: after so many seconds, ask whether it may go on, then with the lowest priority.

        Returns:
            The reply, and why reading stopped before its end.
        """
        received = bytearray()
        if aside:
            seconds, may_go_on = aside
            stopped = self._transfer(memoryview(data), received, min(deadline, time.monotonic() + seconds))
            if stopped != "time" or time.monotonic() >= deadline:
                return bytes(received), stopped
            if not may_go_on():
                return bytes(received), "aside"
            self.lower_priority()
            data = data[len(data) - self._unsent :]
        stopped = self._transfer(memoryview(data), received, deadline)
        return bytes(received), stopped

    def lower_priority(self) -> None:
        """Let it leave the processors to others that want them."""
        self._say(ASIDE)

    def send(self, data: bytes) -> None:
        """Write to a process that waits; at most what a pipe holds."""
        os.write(self._job, data)

    def receive(self, size: int, deadline: float) -> bytes:
        """Exactly `size` bytes of the reply, or fewer when it ends or time is up."""
        received = bytearray()
        while len(received) < size and _readable(self._reply, deadline - time.monotonic()):
            chunk = os.read(self._reply, min(_CHUNK, size - len(received)))
            if not chunk:
                break
            received += chunk
        return bytes(received)

    def end(self, deadline: float, *, kill: bool) -> tuple[int | None, float]:
        """Wait for its end, and kill it at the deadline, or at once.

        Returns:
            Its wait status, None when it had to be killed only here, and its CPU time in seconds.

        Raises:
            Lost: the server has ended, or does not answer.
        """
        late = False
        if not kill:
            try:
                self._await_status(max(deadline, time.monotonic() + 0.05))
            except TimeoutError:
                kill = late = True
        if kill:
            self._say(KILL)
            try:
                self._await_status(time.monotonic() + _KILL_SECONDS)
            except TimeoutError:
                raise Lost from None
        status, seconds = self._status or (None, 0.0)
        return (None if late else status), seconds

    def close(self) -> None:
        """Let go; the server ends the process when it still runs."""
        for fd in (self._job, self._reply):
            if fd >= 0:
                os.close(fd)
        self._job = self._reply = -1
        self._lifeline.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _transfer(self, unsent: memoryview, received: bytearray, deadline: float) -> Stopped | None:
        self._unsent = len(unsent)
        waiting = select.poll()
        waiting.register(self._reply, select.POLLIN)
        if self._job >= 0:
            os.set_blocking(self._job, False)
            waiting.register(self._job, select.POLLOUT)
        while (left := deadline - time.monotonic()) > 0:
            for end, _ in waiting.poll(left * 1000):
                if end == self._job:
                    unsent = _write(end, unsent)
                    self._unsent = len(unsent)
                    if not unsent:
                        waiting.unregister(end)
                        os.close(end)
                        self._job = -1
                elif chunk := os.read(end, _CHUNK):
                    received += chunk
                    if len(received) > self._limit:
                        return "output"
                else:
                    return None
        return "time"

    def _say(self, message: bytes) -> None:
        """Nothing when it has ended; what the server told of its end can still be read."""
        with contextlib.suppress(OSError):
            self._lifeline.send(message)

    def _await_status(self, deadline: float) -> None:
        while self._status is None:
            self._hear(deadline)

    def _hear(self, deadline: float) -> None:
        """One message of the server.

        Raises:
            TimeoutError: none came until the deadline.
            Lost: the server has ended.
        """
        if not _readable(self._lifeline.fileno(), deadline - time.monotonic()):
            raise TimeoutError
        try:
            message = self._lifeline.recv(MAX_MESSAGE)
        except ConnectionResetError:  # the server did not read the last that was said; what it told is still there
            message = self._lifeline.recv(MAX_MESSAGE)
        if len(message) == PID.size:
            self._pid = PID.unpack(message)[0]
        elif len(message) == STATUS.size:
            status, milliseconds = STATUS.unpack(message)
            self._status = (status, milliseconds / 1000)
        else:
            raise Lost


def _readable(fd: int, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(fd, select.POLLIN)
    return bool(waiting.poll(max(0.0, seconds) * 1000))


def _write(end: int, data: memoryview) -> memoryview:
    """What is left to send; nothing when nobody reads it any more."""
    try:
        return data[os.write(end, data[:_CHUNK]) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return data[:0]
