"""The state of a conversation, and one reading of it: facts, plan, what is allowed, said and agreed to."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, NotRequired, Required, TypedDict

from langchain.agents import AgentState
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.graph.message import _messages_delta_reducer
from pydantic import ValidationError

from shopbot.agents.consent import Answer, read_answer
from shopbot.agents.digest import canonical, digest_of, normalised
from shopbot.agents.grounding import Evidence, Observed, gather
from shopbot.agents.plan import GOALS, Facts, Plan, allowed_now, lapsed, make_plan, merge_facts
from shopbot.agents.turn_locks import CROSSED
from shopbot.engines.protocol import TurnStart
from shopbot.tools.action import UNKNOWN, Action, Source

SNAPSHOT_EVERY = 100
ANSWER = "answer"
"""In a customer's message's `additional_kwargs`: a typed answer to a question, `{"question": id, "value": "yes"}`, as a
button gives it; its words are not read then."""


def add_written(messages: list[AnyMessage], writes: Sequence[list[AnyMessage]]) -> list[AnyMessage]:
    """LangGraph delta reducer: append what was written; a message whose id is there already replaces it."""
    return _messages_delta_reducer(messages, list(writes))


def latest(_: object, newest: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """LangGraph reducer: actions that ran side by side each report a plan, and the last report stands."""
    return newest


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


def utc_now() -> datetime:
    """The time, aware of its zone."""
    return datetime.now(UTC)


def _as_values(action: Action, args: Mapping[str, Any]) -> Any:
    """The arguments as what they denote, where their schema reads its own output: amounts as amounts."""
    try:
        return normalised(action.arguments.model_validate(args).model_dump())
    except ValidationError:
        return normalised(args)


@dataclass(frozen=True)
class TurnState:
    """One reading of the state; everything else about the moment derives from it.

    `now` is the time of the reading, `question_expires` how long after it was asked a question can be answered.
    """

    state: Mapping[str, Any]
    actions: Mapping[str, Action]
    now: datetime = field(default_factory=utc_now)
    question_expires: timedelta = timedelta(minutes=30)

    @property
    def messages(self) -> Sequence[AnyMessage]:
        """The conversation so far."""
        messages: Sequence[AnyMessage] = self.state["messages"]
        return messages

    @cached_property
    def lapsed(self) -> dict[str, Any]:
        """The facts that the customer's silence has ended, as changes: they are looked at when the customer speaks."""
        heard = self.state.get("heard_at")
        if not self.is_opening or heard is None:
            return {}
        silence = self.now - datetime.fromisoformat(heard)
        return lapsed(self.state.get("facts") or {}, silence, self.actions.values())

    @cached_property
    def facts(self) -> Facts:
        """What holds now."""
        facts: Facts = self.state.get("facts") or {}
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
        return self.messages[self._start :]

    @cached_property
    def _start(self) -> int:
        return max((i for i, m in enumerate(self.messages) if isinstance(m, HumanMessage)), default=0)

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
        return self.turn[0].text if self.turn and isinstance(self.turn[0], HumanMessage) else ""

    @property
    def is_opening(self) -> bool:
        """Whether the customer has just spoken and nothing has been done about it yet."""
        return len(self.turn) == 1

    @cached_property
    def turn_start(self) -> TurnStart:
        """How things stood when the customer spoke: an engine reads the message in this light."""
        if not self.is_opening and "turn_start" in self.state:
            stored: TurnStart = self.state["turn_start"]
            return stored
        goals = self.facts.get(GOALS) or [None]
        known = sorted(name for name in self.facts if name != GOALS)
        return TurnStart(awaiting=self.state.get("awaiting"), goal=goals[0], known=known)

    def evidence(self, source: Source) -> Evidence:
        """The texts in which a value of that source may be found, in their order."""
        calls = {c["id"]: c for m in self.messages if isinstance(m, AIMessage) for c in m.tool_calls}
        events: list[str | Observed] = []
        for message in self.messages:
            if Source.USER in source and isinstance(message, HumanMessage):
                events.append(message.text)
            elif Source.OBSERVATION in source and isinstance(message, ToolMessage):
                call = calls.get(message.tool_call_id)
                events.append(self._observed(call, message.text) if call else message.text)
        if Source.FACT in source:
            events.append(json.dumps(self.facts, ensure_ascii=False, default=str))
        return gather(events)

    def _observed(self, call: ToolCall, text: str) -> Observed:
        action = self.actions.get(call["name"])
        sources = action.sources if action else {}
        by_engine = [name for name in call["args"] if Source.ENGINE in sources.get(name, Source.ENGINE)]
        return Observed(call["name"], call["args"], by_engine, text)

    def earlier_this_turn(self, name: str, args: Mapping[str, Any]) -> ToolMessage | None:
        """The observation of the same call with the same arguments in this turn, if there was one."""
        results = {m.tool_call_id: m for m in self.turn if isinstance(m, ToolMessage) and m.name == name}
        if not results:
            return None
        calls = (c for m in self.turn if isinstance(m, AIMessage) for c in m.tool_calls if c["id"] in results)
        wanted = canonical(args)
        return next((results[c["id"] or ""] for c in calls if canonical(c["args"]) == wanted), None)

    def was_called(self, name: str | None) -> bool:
        """Whether the action has been called in this turn."""
        calls = (call for m in self.turn if isinstance(m, AIMessage) for call in m.tool_calls)
        return any(call["name"] == name for call in calls)

    @property
    def asked_by_observation(self) -> str | None:
        """What the newest observation of this turn asks the customer for, if one does."""
        asked = [m.artifact.get("awaiting") for m in self.turn if isinstance(m, ToolMessage) and m.artifact]
        return next((slot for slot in reversed(asked) if slot), None)

    def terms_of(self, action: Action, args: Mapping[str, Any]) -> str:
        """A digest of what a yes would agree to: `action` with `args` on today's facts."""
        return digest_of([action.name, _as_values(action, args), {need: self.facts.get(need) for need in action.needs}])

    def ask(self, action: Action, args: Mapping[str, Any]) -> Question:
        """A new question whether `action` may run with `args`; `message` is the id for the message that asks."""
        return Question(
            id=uuid.uuid4().hex,
            action=action.name,
            digest=self.terms_of(action, args),
            message=str(uuid.uuid4()),
            asked_at=self.now.isoformat(),
        )

    @cached_property
    def question(self) -> Question | None:
        """The question that the newest message can answer: asked in the message right before it, and not expired."""
        question: Question | None = self.state.get("question")
        before = self.messages[self._start - 1] if self._start else None
        if question is None or not isinstance(before, AIMessage) or before.id != question.get("message"):
            return None
        expired = self.now - datetime.fromisoformat(question["asked_at"]) > self.question_expires
        return None if expired else question

    def has_consent(self, action: Action, args: Mapping[str, Any]) -> bool:
        """Whether the customer's newest message is a clear yes to exactly this; one yes is good for one call."""
        question = self.question
        if question is None or question["digest"] != self.terms_of(action, args) or self._is_used(action):
            return False
        typed = self.turn[0].additional_kwargs.get(ANSWER)
        if isinstance(typed, Mapping):
            return typed.get("question") == question["id"] and typed.get("value") == "yes"
        return CROSSED not in self.turn[0].additional_kwargs and read_answer(self.newest_words) is Answer.YES

    def _is_used(self, action: Action) -> bool:
        """Whether this turn's yes has been acted upon already, or may have been."""
        observed = (m for m in self.turn if isinstance(m, ToolMessage) and m.name == action.name)
        return any(m.status == "success" or (m.artifact or {}).get("data", {}).get(UNKNOWN) for m in observed)
