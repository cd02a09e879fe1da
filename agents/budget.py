"""Budgets: what one turn and one conversation may spend, and which engine spent it. On by default.

When one is spent the agent stops asking the engine, hands over if it can, and says so; it never stops in silence.
A cost is that of the budget's own prices, else what the engine says its answer cost; of an answer whose price nobody
knows, the cost is reported as unknown (None), and so is every sum with it. For the limit it counts at `unknown_price`,
so that a limit on money holds for any model.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from shopbot.engines.protocol import COST, ENGINES, EngineUsage


class Spent(TypedDict):
    """What has been spent: model calls, tokens, US dollars (None: unknown) and at most so many, seconds of wall time.

    The seconds are those of engines and actions; waiting for a person's approval or the customer is not counted.
    """

    calls: int
    tokens: int
    cost: float | None
    cost_at_most: float
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
        amounts = {**spent, "cost": spent["cost_at_most"]}
        for name in ("calls", "tokens", "cost", "seconds"):
            limit, amount = getattr(self, name), amounts[name]
            if limit is not None and amount >= limit:
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
    unknown_price: float = 10.0
    """US dollars that a million tokens of a model without a known price count for in the limits."""

    @property
    def is_timed(self) -> bool:
        """Whether there is a limit of time."""
        return self.turn.seconds is not None or self.conversation.seconds is not None

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
        cost = self._cost(message, given, made)
        at_most = (given + made) * self.unknown_price / 1_000_000 if cost is None else cost
        return Spent(calls=1, tokens=given + made, cost=cost, cost_at_most=at_most, seconds=seconds)

    def _cost(self, message: AIMessage | None, given: int, made: int) -> float | None:
        if self.input_price is not None or self.output_price is not None:
            return (given * (self.input_price or 0) + made * (self.output_price or 0)) / 1_000_000
        metadata = message.response_metadata if message else {}
        if COST in metadata:
            cost: float | None = metadata[COST]
            return cost
        return None if given + made else 0.0


class BudgetTracker:
    """The spending of one conversation while one step is under way; `acted_s` were spent by the actions before it."""

    def __init__(
        self, budget: Budget, state: Mapping[str, Any] | None, *, new_turn: bool, acted_s: float = 0.0
    ) -> None:
        earlier = dict(state or {})
        acted = Spent(calls=0, tokens=0, cost=0.0, cost_at_most=0.0, seconds=acted_s)
        self._budget = budget
        self._turn = _sum(_known({} if new_turn else earlier.get("turn")), acted)
        self._conversation = _sum(_known(earlier.get("conversation")), acted)
        self._started = time.monotonic()

    @property
    def exceeded(self) -> str | None:
        """Which limit is reached, if one is."""
        return self._budget.exceeded(self.as_state())

    @property
    def deadline(self) -> float | None:
        """When the time of the turn is over, on the clock of `time.monotonic`; None when there is no limit."""
        left = self.seconds_left
        return None if left is None else self._started + left

    @property
    def seconds_left(self) -> float | None:
        """Seconds that may still be spent, counted from the last payment; None when there is no limit."""
        scopes = ((self._budget.turn, self._turn), (self._budget.conversation, self._conversation))
        left = [limits.seconds - spent["seconds"] for limits, spent in scopes if limits.seconds is not None]
        return min(left) if left else None

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
        cost_at_most=one["cost_at_most"] + other["cost_at_most"],
        seconds=one["seconds"] + other["seconds"],
    )


def _known(spent: Mapping[str, Any] | None) -> Spent:
    found = spent or {}
    cost = found.get("cost", 0.0)
    return Spent(
        calls=int(found.get("calls", 0)),
        tokens=int(found.get("tokens", 0)),
        cost=cost,
        cost_at_most=float(found.get("cost_at_most", cost or 0.0)),
        seconds=float(found.get("seconds", 0.0)),
    )


class EngineTotals(TypedDict):
    """What one engine did in a conversation: `turns` whose reply is its own, `answers` that it gave among the `calls`
    made to it, tokens, US dollars (None: unknown), seconds."""

    turns: int
    answers: int
    calls: int
    tokens: int
    cost: float | None
    seconds: float


def usage_of(message: AIMessage, model: BaseChatModel, seconds: float) -> list[EngineUsage]:
    """The engines behind one answer: those that a cascade names, else the model itself."""
    named: list[EngineUsage] | None = message.response_metadata.get(ENGINES)
    if named:
        return named
    tokens = message.usage_metadata["total_tokens"] if message.usage_metadata else 0
    cost: float | None = message.response_metadata.get(COST, None if tokens else 0.0)
    spec = str(getattr(model, "spec", "") or model._llm_type)
    return [EngineUsage(engine=spec, seconds=seconds, tokens=tokens, cost=cost, outcome="answered")]


def add_usage(
    earlier: Mapping[str, EngineTotals] | None, usage: Iterable[EngineUsage], *, ends_turn: bool
) -> dict[str, EngineTotals]:
    """The totals with this step's usage; the engine that answered last has the turn, if the turn ends here."""
    totals = {engine: EngineTotals(**found) for engine, found in (earlier or {}).items()}
    last = None
    for used in usage:
        new = EngineTotals(turns=0, answers=0, calls=0, tokens=0, cost=0.0, seconds=0.0)
        one = totals.setdefault(used["engine"], new)
        one["calls"] += 1
        one["tokens"] += used["tokens"]
        one["seconds"] += used["seconds"]
        one["cost"] = None if one["cost"] is None or used["cost"] is None else one["cost"] + used["cost"]
        if used["outcome"] == "answered":
            one["answers"] += 1
            last = one
    if ends_turn and last is not None:
        last["turns"] += 1
    return totals
