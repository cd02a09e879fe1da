"""Sending a job and taking its reply at the same time, so that neither side can block the other."""

from __future__ import annotations

import os
import select
import time
from types import TracebackType
from typing import Self

_CHUNK = 65_536


class Pipe:
    """A pipe whose ends are closed when it is left; an end that has been closed stays closed."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        self._open = {self.read_end, self.write_end}

    def close(self, end: int) -> None:
        """Close one end, unless it is."""
        if end in self._open:
            self._open.remove(end)
            os.close(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in list(self._open):
            self.close(end)


def exchange(data: bytes, job: Pipe, reply: Pipe, limit: int, deadline: float) -> tuple[bytes, str | None]:
    """Write `data` to `job` and read `reply` to its end.

    Returns:
        What was read, and why it stopped before the end: "Timeout" (`deadline` is monotonic seconds), "OutputLimit"
        (more than `limit` bytes), or None.
    """
    os.set_blocking(job.write_end, False)
    waiting = select.poll()
    waiting.register(reply.read_end, select.POLLIN)
    waiting.register(job.write_end, select.POLLOUT)
    unsent, received = memoryview(data), bytearray()
    while (left := deadline - time.monotonic()) > 0:
        for end, _ in waiting.poll(left * 1000):
            if end == job.write_end:
                unsent = _write(end, unsent)
                if not unsent:
                    waiting.unregister(end)
                    job.close(end)
            elif chunk := os.read(end, _CHUNK):
                received += chunk
                if len(received) > limit:
                    return bytes(received), "OutputLimit"
            else:
                return bytes(received), None
    return bytes(received), "Timeout"


def _write(end: int, data: memoryview) -> memoryview:
    """What is left to send; nothing when nobody reads it any more."""
    try:
        return data[os.write(end, data[:_CHUNK]) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return data[:0]
