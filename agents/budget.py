"""Budgets: what one turn and one conversation may spend on their engine, on by default.

When one is spent the agent stops asking the engine, hands over if it can, and says so; it never stops in silence.
A cost is that of the budget's own prices, else what the engine says its answer cost; of an answer whose price nobody
knows, the cost is unknown (None), and so is every sum with it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from langchain_core.messages import AIMessage

from shopbot.engines.protocol import COST


class Spent(TypedDict):
    """What has been spent: model calls, tokens, money (None: unknown), seconds of wall time."""

    calls: int
    tokens: int
    cost: float | None
    seconds: float


@dataclass(frozen=True)
class Limits:
    """The most that may be spent; None stands for no limit."""

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None

    def exceeded_by(self, spent: Spent) -> str | None:
        """The name of the first limit that is reached, if one is."""
        for name in ("calls", "tokens", "cost", "seconds"):
            limit, amount = getattr(self, name), spent[name]
            if limit is not None and amount is not None and amount >= limit:
                return name
        return None


@dataclass(frozen=True)
class Budget:
    """Limits of a turn and of a conversation, and prices of a million tokens where the engine's own do not hold."""

    turn: Limits = field(default_factory=lambda: Limits(calls=24, tokens=100_000, cost=1.0, seconds=180))
    conversation: Limits = field(
        default_factory=lambda: Limits(calls=1_000, tokens=2_000_000, cost=20.0, seconds=7_200)
    )
    input_price: float | None = None
    output_price: float | None = None

    def exceeded(self, spending: Mapping[str, Spent]) -> str | None:
        """Which limit is reached ("turn calls"), if one is."""
        for scope, limits in (("turn", self.turn), ("conversation", self.conversation)):
            name = limits.exceeded_by(spending[scope])
            if name is not None:
                return f"{scope} {name}"
        return None

    def bill(self, message: AIMessage | None, seconds: float) -> Spent:
        """What one model call took."""
        usage: Mapping[str, Any] = (message.usage_metadata if message else None) or {}
        given, made = int(usage.get("input_tokens", 0)), int(usage.get("output_tokens", 0))
        return Spent(calls=1, tokens=given + made, cost=self._cost(message, given, made), seconds=seconds)

    def _cost(self, message: AIMessage | None, given: int, made: int) -> float | None:
        if self.input_price is not None or self.output_price is not None:
            return (given * (self.input_price or 0) + made * (self.output_price or 0)) / 1_000_000
        cost: float | None = message.response_metadata.get(COST, 0.0) if message else 0.0
        return cost


class Purse:
    """The spending of one conversation while one step is under way."""

    def __init__(self, budget: Budget, state: Mapping[str, Any] | None, *, new_turn: bool) -> None:
        earlier = dict(state or {})
        self._budget = budget
        self._turn = Spent(calls=0, tokens=0, cost=0.0, seconds=0.0) if new_turn else _known(earlier.get("turn"))
        self._conversation = _known(earlier.get("conversation"))
        self._started = time.monotonic()

    @property
    def exceeded(self) -> str | None:
        """Which limit is reached, if one is."""
        return self._budget.exceeded(self.as_state())

    @property
    def deadline(self) -> float | None:
        """When the time for engines is over, on the clock of `time.monotonic`; None when there is no limit."""
        scopes = ((self._budget.turn, self._turn), (self._budget.conversation, self._conversation))
        left = [limits.seconds - spent["seconds"] for limits, spent in scopes if limits.seconds is not None]
        return self._started + min(left) if left else None

    def pay(self, message: AIMessage | None) -> None:
        """Count one model call, and the time since the last one."""
        now = time.monotonic()
        bill = self._budget.bill(message, now - self._started)
        self._started = now
        self._turn, self._conversation = _sum(self._turn, bill), _sum(self._conversation, bill)

    def as_state(self) -> dict[str, Spent]:
        """The spending as it is kept in the conversation's state."""
        return {"turn": self._turn, "conversation": self._conversation}


def _sum(one: Spent, other: Spent) -> Spent:
    costs = one["cost"], other["cost"]
    return Spent(
        calls=one["calls"] + other["calls"],
        tokens=one["tokens"] + other["tokens"],
        cost=None if costs[0] is None or costs[1] is None else costs[0] + costs[1],
        seconds=one["seconds"] + other["seconds"],
    )


def _known(spent: Mapping[str, Any] | None) -> Spent:
    found = spent or {}
    return Spent(
        calls=int(found.get("calls", 0)),
        tokens=int(found.get("tokens", 0)),
        cost=found.get("cost", 0.0),
        seconds=float(found.get("seconds", 0.0)),
    )
