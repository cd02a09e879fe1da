"""The figures of a day, from the turns in it: numbers, and bars as shares of the highest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shopbot.apps.serve.records import TurnRecord

HOURS = 24


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its value, and its height as a share (0 to 1) of the highest."""

    name: str
    value: int
    share: float


@dataclass(frozen=True)
class Figures:
    """What a day was like; times in milliseconds, cost in dollars."""

    turns: int
    answered: int
    handed_over: int
    failed: int
    median_ms: float
    slow_ms: float
    cost: float
    hours: tuple[Bar, ...]
    engines: tuple[Bar, ...]
    outcomes: tuple[Bar, ...]


def figures_of(turns: Sequence[TurnRecord], now: datetime) -> Figures:
    """The figures of these turns, all of the 24 hours before `now`."""
    outcomes = Counter(turn.outcome for turn in turns)
    times = sorted(turn.ms for turn in turns)
    return Figures(
        turns=len(turns),
        answered=outcomes["answered"],
        handed_over=outcomes["handed over"],
        failed=outcomes["failed"],
        median_ms=_quantile(times, 0.5),
        slow_ms=_quantile(times, 0.95),
        cost=sum(turn.cost for turn in turns),
        hours=_hours(turns, now),
        engines=_bars(Counter(turn.engine for turn in turns).most_common(8)),
        outcomes=_bars(outcomes.most_common()),
    )


def _hours(turns: Sequence[TurnRecord], now: datetime) -> tuple[Bar, ...]:
    counts = Counter(turn.at[:13] for turn in turns)
    hours = [now - timedelta(hours=back) for back in reversed(range(HOURS))]
    return _bars((f"{hour:%H}", counts[hour.isoformat()[:13]]) for hour in hours)


def _bars(values: Iterable[tuple[str, int]]) -> tuple[Bar, ...]:
    named = list(values)
    highest = max((value for _, value in named), default=0) or 1
    return tuple(Bar(name, value, value / highest) for name, value in named)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
