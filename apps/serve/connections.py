"""HTTP connections that wait for nobody: a request's head has to arrive within seconds and be small."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
LARGEST_HEAD = 16 * 1024
MOST = 4_000
"""Connections at a time; beyond them, new requests are told to come back later."""


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1, which on its own waits forever for a head that comes one byte at a time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Give the client some seconds for its first request."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEAD_S, self._too_slow)

    def handle_events(self) -> None:
        """Read what has come; once there is a request, the deadline is met."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a later request on the same connection has a deadline as well."""
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._deadline = self.loop.call_later(HEAD_S, self._too_slow)
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _too_slow(self) -> None:
        self._deadline = None
        self.transport.close()
