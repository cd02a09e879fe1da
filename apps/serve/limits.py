"""How often somebody may ask: token buckets in memory, one a caller."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from math import ceil

from shopbot.apps.serve.problems import Problem

_MOST = 50_000
"""Buckets that are kept; then the full ones are forgotten, which are those of whoever has been quiet."""


class RateLimit:
    """`per_minute` requests a minute, of which a quarter may come at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._burst = max(3.0, per_minute / 4)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, who: str) -> None:
        """Count one request of `who`.

        Raises:
            Problem: it is one too many; the answer says when to come back.
        """
        if not self._rate:
            return
        now = self._clock()
        tokens, at = self._buckets.get(who, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        if tokens < 1:
            wait = ceil((1 - tokens) / self._rate)
            raise Problem(429, f"Too many requests: try again in {wait} s.", {"Retry-After": str(wait)})
        if len(self._buckets) >= _MOST:
            self._forget(now)
        self._buckets[who] = (tokens - 1, now)

    def _forget(self, now: float) -> None:
        busy = {w: (t, at) for w, (t, at) in self._buckets.items() if t + (now - at) * self._rate < self._burst}
        self._buckets = busy if len(busy) < _MOST else {}


def network(address: str) -> str:
    """What counts as one address: an IPv6 customer has a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network(f"{parsed}/64", strict=False))
