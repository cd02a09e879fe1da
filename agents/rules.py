"""What a gate goes by: the actions, what they work with, and how much patience and money there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from shopbot.agents.approval import Condition
from shopbot.agents.budget import Budget
from shopbot.agents.journal import Journal, MemoryJournal
from shopbot.agents.tracing import Tracer
from shopbot.tools.action import Action

if TYPE_CHECKING:
    from shopbot.engines.recording import Recorder


class NoResultError(Exception):
    """A structured result was asked for, and the engine gave none that fits in as many tries as it has."""


@dataclass(frozen=True)
class GateRules:
    """The rules of one agent.

    `repairs`: how often a refused proposal goes back to the engine in one step. `approve`: for which actions a person
    decides, and when. `hand_over`: the action that the gate itself calls when a budget is spent. `result`: the
    schema that the agent's answer must have, if it must have one. `verify`: whether answers from passages go through a
    chain of verification. `engine`: the engine's name in traces. `recorder`: where its decisions are written, if
    anywhere.
    """

    actions: Mapping[str, Action]
    services: Any = None
    repairs: int = 2
    budget: Budget = field(default_factory=Budget)
    approve: Mapping[str, Condition] = field(default_factory=dict)
    journal: Journal = field(default_factory=MemoryJournal)
    hand_over: str | None = None
    result: type[BaseModel] | None = None
    verify: bool = False
    engine: str = ""
    recorder: Recorder | None = None
    tracer: Tracer = field(default_factory=lambda: Tracer("agent"))
