"""Counts and times in the text format of Prometheus; no label holds anything that a customer wrote."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What this process has done since it started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: Counter[str] = Counter()
        self._buckets: Counter[float] = Counter()
        self._seconds = 0.0
        self._requests: Counter[tuple[str, int]] = Counter()
        self._gauges: dict[str, Callable[[], float]] = {}

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Show what `read` returns whenever metrics are asked for."""
        self._gauges[name] = read

    def turn(self, outcome: str, seconds: float) -> None:
        """Count one turn."""
        with self._lock:
            self._turns[outcome] += 1
            self._seconds += seconds
            self._buckets[next((bound for bound in _BOUNDS if seconds <= bound), float("inf"))] += 1

    def request(self, method: str, status: int) -> None:
        """Count one HTTP response."""
        with self._lock:
            self._requests[method if method in _METHODS else "other", status] += 1

    def text(self) -> str:
        """All of them."""
        with self._lock:
            return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        yield "# TYPE shopbot_turns_total counter"
        yield from (f'shopbot_turns_total{{outcome="{name}"}} {count}' for name, count in sorted(self._turns.items()))
        yield "# TYPE shopbot_turn_seconds histogram"
        below = 0
        for bound in (*_BOUNDS, float("inf")):
            below += self._buckets[bound]
            yield f'shopbot_turn_seconds_bucket{{le="{"+Inf" if bound == float("inf") else bound}"}} {below}'
        yield f"shopbot_turn_seconds_sum {self._seconds:.6f}"
        yield f"shopbot_turn_seconds_count {below}"
        yield "# TYPE shopbot_http_responses_total counter"
        for (method, status), count in sorted(self._requests.items()):
            yield f'shopbot_http_responses_total{{method="{method}",status="{status}"}} {count}'
        for name, read in self._gauges.items():
            yield f"# TYPE {name} gauge"
            yield f"{name} {read():g}"
