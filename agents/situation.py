"""The situation at one moment of a turn: facts, plan, what is allowed, what was said, what was agreed to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NotRequired, Required, TypedDict

from langchain.agents import AgentState
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.graph.message import _messages_delta_reducer

from shopbot.agents.consent import is_clear_yes
from shopbot.agents.facts import GOALS, Facts, merge_facts
from shopbot.agents.plan import Plan, allowed_now, make_plan
from shopbot.engines.protocol import Opened
from shopbot.tools.action import Action, Source

SNAPSHOT_EVERY = 100


def add_written(messages: list[AnyMessage], writes: Sequence[list[AnyMessage]]) -> list[AnyMessage]:
    """LangGraph delta reducer: append what was written; a message whose id is there already replaces it."""
    return _messages_delta_reducer(messages, list(writes))


def latest(_: object, newest: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """LangGraph reducer: actions that ran side by side each report a plan, and the last report stands."""
    return newest


class Question(TypedDict):
    """A confirmation that was put to the customer: for which action, and a digest of what exactly."""

    action: str
    digest: str


class TrustedState(AgentState[Any]):
    """What a conversation's checkpoint holds. Besides the messages, all plain JSON values.

    Messages are stored as what each step added, with the whole list only every `SNAPSHOT_EVERY` steps: by default
    every checkpoint repeats them all, and storage grows with the square of the conversation.
    """

    messages: Required[Annotated[list[AnyMessage], DeltaChannel(add_written, snapshot_frequency=SNAPSHOT_EVERY)]]
    facts: NotRequired[Annotated[dict[str, Any], merge_facts]]
    plan: NotRequired[Annotated[list[dict[str, Any]], latest]]
    awaiting: NotRequired[str | None]
    question: NotRequired[Question | None]
    spent: NotRequired[dict[str, Any]]
    engines: NotRequired[dict[str, Any]]
    opened: NotRequired[Opened]
    verified: NotRequired[list[dict[str, str]]]
    """Passages that were retrieved to verify answers (`shopbot.agents.verification`): citations, the newest last."""


@dataclass(frozen=True)
class Situation:
    """One reading of the state; everything else about the moment derives from it."""

    state: Mapping[str, Any]
    actions: Mapping[str, Action]

    @property
    def messages(self) -> Sequence[AnyMessage]:
        """The conversation so far."""
        messages: Sequence[AnyMessage] = self.state["messages"]
        return messages

    @property
    def facts(self) -> Facts:
        """What holds now."""
        return self.state.get("facts") or {}

    @cached_property
    def plan(self) -> Plan:
        """The way to the customer's current goal."""
        return make_plan(self.facts, self.actions)

    @cached_property
    def allowed(self) -> dict[str, Action]:
        """The actions whose needs hold now."""
        return allowed_now(self.facts, self.actions)

    @cached_property
    def turn(self) -> Sequence[AnyMessage]:
        """The messages of this turn: the customer's newest one and all that followed it."""
        start = max((i for i, m in enumerate(self.messages) if isinstance(m, HumanMessage)), default=0)
        return self.messages[start:]

    @property
    def newest_words(self) -> str:
        """What the customer said last."""
        return self.turn[0].text if self.turn and isinstance(self.turn[0], HumanMessage) else ""

    @property
    def is_opening(self) -> bool:
        """Whether the customer has just spoken and nothing has been done about it yet."""
        return len(self.turn) == 1

    @cached_property
    def opened(self) -> Opened:
        """How things stood when the customer spoke: an engine reads the message in this light."""
        if not self.is_opening and "opened" in self.state:
            stored: Opened = self.state["opened"]
            return stored
        goals = self.facts.get(GOALS) or [None]
        known = sorted(name for name in self.facts if name != GOALS)
        return Opened(awaiting=self.state.get("awaiting"), goal=goals[0], known=known)

    def texts(self, source: Source) -> list[str]:
        """The texts in which a value of that source may be found."""
        found: list[str] = []
        if Source.USER in source:
            found += [m.text for m in self.messages if isinstance(m, HumanMessage)]
        if Source.OBSERVATION in source:
            found += [m.text for m in self.messages if isinstance(m, ToolMessage)]
        if Source.FACT in source:
            found.append(json.dumps(self.facts, ensure_ascii=False, default=str))
        return found

    def earlier_this_turn(self, name: str, args: Mapping[str, Any]) -> ToolMessage | None:
        """The observation of the same call with the same arguments in this turn, if there was one."""
        results = {m.tool_call_id: m for m in self.turn if isinstance(m, ToolMessage)}
        for message in self.turn:
            for call in message.tool_calls if isinstance(message, AIMessage) else ():
                if call["name"] == name and call["args"] == dict(args) and call["id"] in results:
                    return results[call["id"]]
        return None

    def was_called(self, name: str | None) -> bool:
        """Whether the action has been called in this turn."""
        calls = (call for m in self.turn if isinstance(m, AIMessage) for call in m.tool_calls)
        return any(call["name"] == name for call in calls)

    @property
    def asked_by_observation(self) -> str | None:
        """What the newest observation of this turn asks the customer for, if one does."""
        asked = [m.artifact.get("asks") for m in self.turn if isinstance(m, ToolMessage) and m.artifact]
        return next((slot for slot in reversed(asked) if slot), None)

    def question_for(self, action: Action, args: Mapping[str, Any]) -> Question:
        """The question that must be answered before `action` runs with `args` on today's facts."""
        subject = [action.name, dict(args), {need: self.facts.get(need) for need in action.needs}]
        return Question(action=action.name, digest=digest_of(subject))

    def has_consent(self, action: Action, args: Mapping[str, Any]) -> bool:
        """Whether the customer has just said a clear yes to this action with these arguments on these facts."""
        asked = self.state.get("question")
        return asked == self.question_for(action, args) and is_clear_yes(self.newest_words)


def digest_of(value: Any) -> str:
    """A stable SHA-256 of any JSON value."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
