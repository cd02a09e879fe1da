"""Sockets that end with the call they serve: once it is given up on, or at its deadline, no read of it goes on.

An HTTP client's time-out starts anew with every byte, and whoever waits in another thread cannot interrupt it. Here the
network under the client asks before every wait how much time is left. Only clients of httpx and its forks can be told
so, which LangChain's large providers have; a thread that waits with another one ends with that client's own time-out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event
from typing import Any

_HOLDERS = ("client", "root_client", "_client")
"""Under what names models and their providers' clients keep an HTTP client."""


@dataclass(frozen=True)
class Waiting:
    """How long a call is waited for: to `deadline` on the clock of `time.monotonic`, and until it is `given_up` on."""

    deadline: float
    given_up: Event = field(default_factory=Event)


WAITING: ContextVar[Waiting | None] = ContextVar("waiting", default=None)
"""The call that this context makes."""


def end_with_their_calls(model: Any) -> None:
    """Have the sockets of a model's HTTP clients end with its calls."""
    for client in _clients(model, depth=4):
        for transport in (client._transport, *client._mounts.values()):
            pool: Any = getattr(transport, "_pool", None)
            network = getattr(pool, "_network_backend", None)
            if network is not None and not isinstance(network, _Network):
                pool._network_backend = _Network(network)


def _clients(holder: Any, depth: int) -> Iterator[Any]:
    if hasattr(holder, "_transport") and hasattr(holder, "_mounts"):
        yield holder
    elif depth and holder is not None:
        for name in _HOLDERS:
            yield from _clients(getattr(holder, name, None), depth - 1)


def _left(seconds: float | None) -> float | None:
    """Of so many seconds, those that may be waited.

    Raises:
        TimeoutError: none.
    """
    waiting = WAITING.get()
    if waiting is None:
        return seconds
    remaining = waiting.deadline - time.monotonic()
    if waiting.given_up.is_set() or remaining <= 0:
        raise TimeoutError("the call has been given up on")
    return remaining if seconds is None else min(seconds, remaining)


class _Network:
    """A network backend in httpcore's sense."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any) -> _Stream:
        return _Stream(self._inner.connect_tcp(host, port, _left(timeout), *args, **more))

    def connect_unix_socket(self, path: str, timeout: float | None = None, *args: Any, **more: Any) -> _Stream:
        return _Stream(self._inner.connect_unix_socket(path, _left(timeout), *args, **more))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream:
    """A network stream in httpcore's sense."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        found: bytes = self._inner.read(max_bytes, _left(timeout))
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Stream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
