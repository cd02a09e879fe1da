"""The configuration of one agent's gate: its actions, what they work with, its limits and where it keeps things."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from shopbot.agents.budget import Budget
from shopbot.agents.journal import Journal, MemoryJournal
from shopbot.agents.tracing import Tracer
from shopbot.errors import AgentError
from shopbot.tools.action import Action

if TYPE_CHECKING:
    from shopbot.engines.recording import Recorder


Condition = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
"""From (arguments, facts) to whether a person must approve."""


def utc_now() -> datetime:
    """The time, aware of its zone."""
    return datetime.now(UTC)


class Takes(Protocol):
    """The facts that another agent may hand over to the agent `to`."""

    to: str
    lapses: timedelta | None

    def __iter__(self) -> Iterator[str]:
        """Their names."""

    def taken(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the contract, checked."""


class NoResultError(AgentError):
    """A structured result was asked for, and the engine gave none that fits in as many tries as it has."""


@dataclass(frozen=True)
class GateConfig:
    """What `create_agent` was told.

    `repairs`: how often a refused proposal goes back to the engine in one step. `approve`: for which actions a person
    decides, and when. `hand_over`: the action that the gate itself calls when a budget is spent. `result`: the schema
    that the agent's answer must have, if it must have one; `prose`: whether words will do as well. `restated`:
    whether a yes may say again what was asked. `verify`: whether answers from passages go through a chain of
    verification. `walk`: whether certain steps of the plan are taken without the engine. `engine`: its name in
    traces. `recorder`: where its decisions are written, if anywhere. `now`: the clock that questions and facts expire
    by. `alone`: whether no middleware of others stands beside the gate; one may summarise messages, so that the
    user's words are kept apart. `excuses`: whether a failing engine is answered for in words, or raises.
    """

    actions: Mapping[str, Action]
    services: Any = None
    repairs: int = 2
    budget: Budget = field(default_factory=Budget)
    approve: Mapping[str, Condition] = field(default_factory=dict)
    journal: Journal = field(default_factory=MemoryJournal)
    hand_over: str | None = None
    takes: Takes | None = None
    """The contract by which other agents hand over to this one."""
    result: type[BaseModel] | None = None
    prose: bool = True
    restated: bool = False
    verify: bool = False
    walk: bool = False
    engine: str = ""
    recorder: Recorder | None = None
    tracer: Tracer = field(default_factory=lambda: Tracer("agent"))
    question_expires: timedelta = timedelta(minutes=30)
    now: Callable[[], datetime] = utc_now
    alone: bool = True
    excuses: bool = True
    unpriced: set[str] = field(default_factory=set)
    """The engines of which it has been said that their price is not known."""
    approved: OrderedDict[str, Any] = field(default_factory=OrderedDict)
    """Calls that have been let through and have not run yet (`shopbot.agents.approvals`)."""

    def with_action(self, action: Action) -> GateConfig:
        """The same with another action of that name."""
        config = copy(self)  # nothing is checked when one is made, and `replace` would take ten times as long
        object.__setattr__(config, "actions", {**self.actions, action.name: action})
        return config
