"""Who did the work: each engine's share of turns, calls, tokens, money and time, kept in the state as `engines`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from shopbot.engines.protocol import COST, ENGINES, Share


class Tally(TypedDict):
    """What one engine did in a conversation: `turns` whose reply is its own, `answers` that it gave among the `calls`
    made to it, tokens, US dollars (None: unknown), seconds."""

    turns: int
    answers: int
    calls: int
    tokens: int
    cost: float | None
    seconds: float


def shares_of(message: AIMessage, model: BaseChatModel, seconds: float) -> list[Share]:
    """The engines behind one answer: those that a cascade names, else the model itself."""
    named: list[Share] | None = message.response_metadata.get(ENGINES)
    if named:
        return named
    tokens = message.usage_metadata["total_tokens"] if message.usage_metadata else 0
    cost: float | None = message.response_metadata.get(COST, 0.0)
    spec = str(getattr(model, "spec", "") or model._llm_type)
    return [Share(engine=spec, seconds=seconds, tokens=tokens, cost=cost, outcome="answered")]


def add_shares(earlier: Mapping[str, Tally] | None, shares: Iterable[Share], *, ends_turn: bool) -> dict[str, Tally]:
    """The tally with this step's shares; the engine that answered last has the turn, if the turn ends here."""
    tally = {engine: Tally(**found) for engine, found in (earlier or {}).items()}
    last = None
    for share in shares:
        one = tally.setdefault(share["engine"], Tally(turns=0, answers=0, calls=0, tokens=0, cost=0.0, seconds=0.0))
        one["calls"] += 1
        one["tokens"] += share["tokens"]
        one["seconds"] += share["seconds"]
        one["cost"] = None if one["cost"] is None or share["cost"] is None else one["cost"] + share["cost"]
        if share["outcome"] == "answered":
            one["answers"] += 1
            last = one
    if ends_turn and last is not None:
        last["turns"] += 1
    return tally


def describe_shares(shares: Iterable[Share]) -> dict[str, Any]:
    """The shares as attributes of a span."""
    listed = list(shares)
    return {
        "shopbot.engine": listed[-1]["engine"] if listed else "",
        "shopbot.engines": [share["engine"] for share in listed],
        "shopbot.engines.outcome": [share["outcome"] for share in listed],
        "shopbot.engines.seconds": [share["seconds"] for share in listed],
    }
