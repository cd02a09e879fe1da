"""The state of a conversation, and one reading of it: facts, plan, what is allowed, said and agreed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, NotRequired, Required

from langchain.agents import AgentState
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.graph.message import _messages_delta_reducer
from typing_extensions import TypedDict

from shopbot.agents.config import GateConfig
from shopbot.agents.hand_over import Handed
from shopbot.agents.plan import GOALS, Facts, Plan, allowed_now, lapsed, make_plan, merge_facts
from shopbot.engines.protocol import REFUSED, TurnStart
from shopbot.tools.action import Action, Call

SNAPSHOT_EVERY = 100
_SPEAKERS: dict[type, str] = {HumanMessage: "customer", AIMessage: "agent"}
ANSWER = "answer"
"""In a customer's message's `additional_kwargs`: a typed answer to a question, `{"question": id, "value": "yes"}`, as a
button gives it; its words are not read then."""


def add_written(messages: list[AnyMessage], writes: Sequence[list[AnyMessage]]) -> list[AnyMessage]:
    """LangGraph delta reducer: append what was written; a message whose id is there already replaces it."""
    return _messages_delta_reducer(messages, list(writes))


def add_each(kept: list[Any], writes: Sequence[list[Any]]) -> list[Any]:
    """LangGraph delta reducer: append what was heard or done."""
    return [*kept, *(each for write in writes for each in write)]


def is_refusal(message: ToolMessage) -> bool:
    """Whether it is the gate's own sentence about a call that did not run: it repeats what the engine wrote, and
    observes nothing."""
    return isinstance(message.artifact, Mapping) and bool(message.artifact.get(REFUSED))


def is_of_user(message: AnyMessage) -> bool:
    """Whether the user said it: a middleware's summary of the conversation comes in the user's name, and is not."""
    return isinstance(message, HumanMessage) and "lc_source" not in message.additional_kwargs


def latest(_: object, newest: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """LangGraph reducer: actions that ran side by side each report a plan, and the last report stands."""
    return newest


class Heard(TypedDict):
    """What the user said, and in which message."""

    id: str
    words: str


class Written(TypedDict):
    """A write that was done: the action, its arguments and what it observed, as text."""

    action: str
    args: str
    observed: str


class Question(TypedDict):
    """A confirmation that was put to the customer.

    `digest` is of its terms: the action, its arguments and the facts that it needs. `message` is the id of the message
    that asked, `asked_at` when, in UTC.
    """

    id: str
    action: str
    digest: str
    message: str
    asked_at: str


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
    turn_start: NotRequired[TurnStart]
    heard_at: NotRequired[str]
    """When the customer spoke last, in UTC."""
    notice: NotRequired[str]
    """What the reply of this turn has to tell first: what became of a write that an earlier turn was cut short over."""
    verified: NotRequired[list[dict[str, str]]]
    """Passages that were retrieved to verify answers (`shopbot.agents.verification`): citations, the newest last."""
    handed: NotRequired[Handed | None]
    """What another agent has handed over and this one has not taken yet."""
    heard: NotRequired[Annotated[list[Heard], DeltaChannel(add_each, snapshot_frequency=SNAPSHOT_EVERY)]]
    """The user's words, kept where another middleware may put a summary in the place of the messages."""
    written: NotRequired[Annotated[list[Written], DeltaChannel(add_each, snapshot_frequency=SNAPSHOT_EVERY)]]
    """The writes that were done, kept where another middleware may do that."""


@dataclass(frozen=True)
class TurnState:
    """One reading of a conversation's state by an agent; everything else about the moment derives from it.

    `values` is the state as LangGraph hands it over, `conversation` the thread's id, empty when nothing keeps it.
    """

    values: Mapping[str, Any]
    config: GateConfig
    conversation: str

    @cached_property
    def now(self) -> datetime:
        """The time of the reading."""
        return self.config.now()

    @property
    def actions(self) -> Mapping[str, Action]:
        """Every action of the agent."""
        return self.config.actions

    @property
    def messages(self) -> Sequence[AnyMessage]:
        """The conversation so far."""
        messages: Sequence[AnyMessage] = self.values["messages"]
        return messages

    @cached_property
    def lapsed(self) -> dict[str, Any]:
        """The facts that the customer's silence has ended, as changes: they are looked at when the customer speaks."""
        heard = self.values.get("heard_at")
        if not self.is_opening or heard is None:
            return {}
        silence = self.now - datetime.fromisoformat(heard)
        takes = self.config.takes
        handed = [(takes.lapses, takes)] if takes is not None else []
        return lapsed(self.values.get("facts") or {}, silence, self.actions.values(), handed)

    @cached_property
    def facts(self) -> Facts:
        """What holds now."""
        facts: Facts = self.values.get("facts") or {}
        return merge_facts(dict(facts), self.lapsed) if self.lapsed else facts

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
        return self.messages[self.turn_begins :]

    @cached_property
    def turn_begins(self) -> int:
        """The place of the customer's newest message."""
        messages = self.messages
        return next((i for i in range(len(messages) - 1, -1, -1) if is_of_user(messages[i])), 0)

    @property
    def turn_id(self) -> str:
        """The id of the message that began this turn."""
        return str(self.turn[0].id) if self.turn else ""

    @property
    def acted_s(self) -> float:
        """Seconds that the actions since the engine's last call took: side by side, the longest of them."""
        seconds = 0.0
        for message in reversed(self.turn):
            if not isinstance(message, ToolMessage):
                break
            seconds = max(seconds, float((message.artifact or {}).get("seconds", 0.0)))
        return seconds

    @property
    def newest_words(self) -> str:
        """What the customer said last."""
        return self.turn[0].text if self.turn and is_of_user(self.turn[0]) else ""

    @cached_property
    def said_before(self) -> list[str]:
        """What the user said in messages that a summary has taken the place of; of those that were removed without
        one nothing is known any more."""
        heard: Sequence[Heard] = self.values.get("heard") or ()
        if not heard or not any(isinstance(m, HumanMessage) and not is_of_user(m) for m in self.messages):
            return []
        there = {message.id for message in self.messages}
        return [each["words"] for each in heard if each["id"] not in there]

    @property
    def said(self) -> list[str]:
        """What the user said, in its order."""
        return [*self.said_before, *(message.text for message in self.messages if is_of_user(message))]

    @cached_property
    def not_yet_heard(self) -> list[Heard]:
        """The user's messages that `heard` does not hold yet."""
        known = {each["id"] for each in self.values.get("heard") or ()}
        news = (message for message in self.messages if is_of_user(message) and message.id not in known)
        return [Heard(id=str(message.id), words=message.text) for message in news]

    @property
    def is_opening(self) -> bool:
        """Whether the customer has just spoken and nothing has been done about it yet."""
        return self.turn_begins == len(self.messages) - 1

    @cached_property
    def turn_start(self) -> TurnStart:
        """How things stood when the customer spoke: an engine reads the message in this light."""
        if not self.is_opening and "turn_start" in self.values:
            stored: TurnStart = self.values["turn_start"]
            return stored
        goals = self.facts.get(GOALS) or [None]
        known = sorted(name for name in self.facts if name != GOALS)
        return TurnStart(awaiting=self.values.get("awaiting"), goal=goals[0], known=known)

    @cached_property
    def transcript(self) -> list[tuple[str, str]]:
        """The conversation as (speaker, words), without tool traffic."""
        return [(_SPEAKERS[type(m)], m.text) for m in self.messages if type(m) in _SPEAKERS and m.text.strip()]

    def call(self, key: str = "") -> Call[Any]:
        """What an action is handed besides its arguments, and its rules are without a key."""
        return Call(self.config.services, self.facts, self.conversation, key, self.transcript)

    def was_called(self, name: str | None) -> bool:
        """Whether the action has been called in this turn."""
        calls = (call for m in self.turn if isinstance(m, AIMessage) for call in m.tool_calls)
        return any(call["name"] == name for call in calls)

    @property
    def asked_by_observation(self) -> str | None:
        """What the newest observation of this turn asks the customer for, if one does."""
        asked = [m.artifact.get("awaiting") for m in self.turn if isinstance(m, ToolMessage) and m.artifact]
        return next((slot for slot in reversed(asked) if slot), None)
