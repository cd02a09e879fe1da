"""What an engine is given: messages, the actions allowed now as bound tools, and the briefing.

The briefing rides on the system message: as text for any model, and typed under `additional_kwargs["briefing"]` for
engines that do not read prose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from langchain_core.messages import BaseMessage, SystemMessage

BRIEFING = "briefing"
THOUGHT = "reasoning_content"
"""Where an engine leaves its reasoning in an answer's `additional_kwargs`: kept in the trace, never shown as reply."""


class Opened(TypedDict):
    """How things stood when the customer spoke."""

    awaiting: str | None
    goal: str | None
    known: list[str]


class Briefing(TypedDict):
    """Where a conversation stands before one step of the engine."""

    facts: dict[str, Any]
    goals: list[str]
    plan: list[dict[str, Any]]
    next: str | None
    awaiting: str | None
    opened: Opened
    asked: str | None
    allowed: list[str]
    blocked: dict[str, list[str]]
    confirm: list[str]


def read_briefing(messages: Sequence[BaseMessage]) -> Briefing:
    """The typed briefing of this step.

    Raises:
        ValueError: the messages carry none; such an engine works behind the gate of `agents.create_agent` only.
    """
    for message in messages:
        if isinstance(message, SystemMessage) and BRIEFING in message.additional_kwargs:
            found: Briefing = message.additional_kwargs[BRIEFING]
            return found
    raise ValueError("no briefing in the system message: use this engine through agents.create_agent")
