"""What an engine is given: messages, the actions allowed now as bound tools, and the briefing.

The briefing rides on the system message: as text for any model, and typed under `additional_kwargs["briefing"]` for
engines that do not read prose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired

from langchain_core.messages import BaseMessage, SystemMessage
from typing_extensions import TypedDict

BRIEFING = "briefing"
THOUGHT = "reasoning_content"
"""Where an engine leaves its reasoning in an answer's `additional_kwargs`: kept in the trace, never shown as reply."""
COST = "cost"
"""What an answer cost, in US dollars, in its `response_metadata`; None when nobody knows. Absent: nobody
knows, or nothing where no tokens were counted."""
DEADLINE = "deadline"
"""By when an answer must be there, on the clock of `time.monotonic`: in the system message's `additional_kwargs`."""

CONFIDENCE = "confidence"
"""How likely an answer is right, 0 to 1 and calibrated, in its `response_metadata`; absent: the engine cannot say."""
ENGINES = "engines"
"""Which engines took part in an answer, in its `response_metadata`: a list of `EngineUsage`, the last one gave it."""
NOT_STREAMED = "nostream"
"""LangGraph's tag for model calls whose tokens are not the customer's to see: drafts and protocol text."""
REFUSED = "refused"
"""In the `additional_kwargs` of a message that tells an engine why its proposal was refused: how many were in this
step. Such messages never enter the history. In the artifact of an observation: whether the call was refused."""


READS_CANDIDATES = "reads_candidates"
"""An attribute of engines that decode under a grammar: true, and the briefing lists what arguments can be."""


class EngineUsage(TypedDict):
    """What one engine contributed to an answer: its spec, seconds, tokens, US dollars (None: unknown), and what became
    of its proposal: "answered", "unsure" (passed on for want of confidence) or "failed"."""

    engine: str
    seconds: float
    tokens: int
    cost: float | None
    outcome: str


class TurnStart(TypedDict):
    """How things stood when the customer spoke."""

    awaiting: str | None
    goal: str | None
    known: list[str]


class Candidates(TypedDict):
    """What an argument can be now, by kind: values that its sources hold; `newest`: which stand in the message that the
    customer wrote last."""

    newest: list[str]
    addresses: list[str]
    identifiers: list[str]
    dates: list[str]
    phrases: list[str]
    numbers: list[int]


class Briefing(TypedDict):
    """Where a conversation stands before one step of the engine."""

    facts: dict[str, Any]
    goals: list[str]
    plan: list[dict[str, Any]]
    next: str | None
    awaiting: str | None
    turn_start: TurnStart
    asked: str | None
    allowed: list[str]
    blocked: dict[str, list[str]]
    confirm: list[str]
    candidates: NotRequired[dict[str, dict[str, Candidates]]]
    """Action -> argument -> its candidates; only for engines that read them (`READS_CANDIDATES`)."""


def read_briefing(messages: Sequence[BaseMessage]) -> Briefing:
    """The typed briefing of this step.

    Raises:
        ValueError: the messages carry none; such an engine works behind the gate of `shopbot.agents.create_agent` only.
    """
    for message in messages:
        if isinstance(message, SystemMessage) and BRIEFING in message.additional_kwargs:
            found: Briefing = message.additional_kwargs[BRIEFING]
            return found
    raise ValueError("no briefing in the system message: use this engine through agents.create_agent")


def read_deadline(messages: Sequence[BaseMessage]) -> float | None:
    """By when the answer must be there, on the clock of `time.monotonic`; None when there is no hurry."""
    found = (message.additional_kwargs.get(DEADLINE) for message in messages if isinstance(message, SystemMessage))
    return next((deadline for deadline in found if deadline is not None), None)


def count_refusals(messages: Sequence[BaseMessage]) -> int:
    """How many proposals have been refused in this step so far."""
    return max((int(message.additional_kwargs.get(REFUSED, 0)) for message in messages), default=0)


def texts_in(value: Any) -> Iterator[str]:
    """The texts among plain values such as facts and observations, at any depth; keys are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner)
