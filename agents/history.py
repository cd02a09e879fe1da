"""The history: made whole when a turn was cut short, and as an engine may read it, with observations as data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage

from shopbot.agents.act import consequences, look_up, observed
from shopbot.agents.config import GateConfig
from shopbot.agents.plan import GOALS, unmet
from shopbot.agents.proposal import Approved
from shopbot.agents.state import TurnState
from shopbot.agents.turn_locks import CROSSED
from shopbot.agents.wording import says
from shopbot.engines.protocol import BRIEFING, Briefing
from shopbot.prompts import exists, render
from shopbot.tools.action import UNKNOWN, Action, Observation

_OPEN, _CLOSE = "<data>", "</data>"
_NAME = re.compile(r"(?<![^\W_])data(?![^\W_])")
_BRACKETS = re.compile("[<＜﹤‹〈⟨❮❬˂⟪《«]")


@dataclass
class Settled:
    """A history in which every call has an answer: the messages, and what the answers changed."""

    messages: list[AnyMessage]
    changes: dict[str, Any] = field(default_factory=dict)


def settle(
    state: TurnState, config: GateConfig, conversation: str
) -> Generator[Callable[[], Any], Any, Settled | None]:
    """The history with an answer after every call, or None when it has them already.

    A call is left without one when a turn was cut short, or the customer wrote while a person's approval was pending.
    What became of it is in the journal: done, with its observation; begun, and then it is looked up; neither, and then
    it is withdrawn for good. Yields what has to be looked up, to be run where waiting is allowed.
    """
    answered = {message.tool_call_id for message in state.messages if isinstance(message, ToolMessage)}
    calls = [
        call
        for message in state.messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] not in answered
    ]
    if not calls:
        return None
    found = yield lambda: [_outcome(call, state, config, conversation) for call in calls]
    outcomes = {call["id"]: outcome for call, outcome in zip(calls, found, strict=True)}
    settled = Settled([])
    for message in state.messages:
        settled.messages.append(message)
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            if call["id"] in outcomes:
                _settle_call(call, outcomes[call["id"]], state, settled)
    return settled


def _outcome(call: ToolCall, state: TurnState, config: GateConfig, conversation: str) -> Observation | None:
    """What the call observed, or that nobody can tell; None when it did not run and never will."""
    action, call_id = state.actions.get(call["name"]), str(call["id"])
    write = config.journal.of_calls(conversation, [call_id]).get(call_id) if conversation else None
    if write is not None and write.observation is not None:
        return write.observation
    if write is not None and write.status == "begun" and action is not None:
        args = action.arguments.model_validate(call["args"]).model_dump(mode="json")
        found = look_up(Approved(call, action, args), state, config, conversation, write.key)
        if found is not None:
            return found
        config.journal.finish(write.key, None)
    if conversation:
        config.journal.withdraw(conversation, call_id)
    return None


def _settle_call(call: ToolCall, outcome: Observation | None, state: TurnState, settled: Settled) -> None:
    if outcome is None:
        text = Observation(str(says("withdrawn")), ok=False)
        settled.messages.append(observed(call, text))
        return
    settled.messages.append(observed(call, outcome))
    if call["name"] in state.actions:
        settled.changes |= consequences(call, outcome, state)


def untold(messages: Sequence[AnyMessage], actions: Mapping[str, Action]) -> list[str]:
    """What the customer has to be told before the newest message is answered: writes that they have not read of.

    Those were done, or may have been, in turns that were cut short. Whether a call found its answer in time or when its
    turn was settled, and whether the reply was written and never sent, makes no difference.
    """
    return [str(says("gone_through")).format(text=text) for text in _writes_in(_unread(messages), actions)]


def _unread(messages: Sequence[AnyMessage]) -> Sequence[AnyMessage]:
    """What stands before the newest message and the customer has not seen: what follows the last reply that arrived."""
    lost = messages[-1].additional_kwargs.get(CROSSED) or ()
    arrived = max((i for i, m in enumerate(messages) if isinstance(m, AIMessage) and not m.tool_calls), default=-1)
    first = next((i for i, message in enumerate(messages) if message.id in lost), len(messages))
    return messages[min(first, arrived + 1) : -1]


def _writes_in(messages: Sequence[AnyMessage], actions: Mapping[str, Action]) -> list[str]:
    named = [(m, actions.get(m.name or "")) for m in messages if isinstance(m, ToolMessage)]
    return [text for m, action in named if action and action.effect == "write" and (text := _told(m, action))]


def written(state: TurnState) -> list[str]:
    """What the customer has to read of this turn's writes."""
    return _writes_in(state.turn, state.actions)


def excuse(key: str, state: TurnState) -> str:
    """Why the turn ends without an answer, after what it has done."""
    return "\n\n".join([*written(state), str(says(key))])


def _told(message: ToolMessage, action: Action) -> str:
    """What the customer reads of a write: its reply template where there is one, else the observation."""
    seen = message.artifact or {}
    if seen.get("data", {}).get(UNKNOWN):
        return str(says("may_have_gone_through")).format(title=action.title)
    if not seen.get("ok"):
        return ""
    return _worded(message, {}) or str(seen.get("answer") or message.text)


def told_in_turn(state: TurnState) -> str:
    """What the observations of this turn tell the customer, by the reply templates of their actions, each once."""
    observations = (m for m in state.turn if isinstance(m, ToolMessage) and m.artifact)
    told = (_worded(m, state.facts) or m.artifact.get("answer") for m in observations)
    return "\n\n".join(text for text in dict.fromkeys(told) if text)


def _worded(message: ToolMessage, facts: Mapping[str, Any]) -> str:
    """The reply template of an action, filled from what it observed; empty when it has none."""
    path = f"replies/{message.name}.j2"
    if not exists(path):
        return ""
    seen = {key: message.artifact[key] for key in ("data", "ok", "citations")}
    return render(path, **seen, facts=dict(facts))


def marked(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The messages with every observation between marks, so that no engine takes it for an instruction.

    Outside the marks of an observation that answers this turn's question stands how to answer from it. Only what the
    engine reads is marked; the history stays as it is.
    """
    turn = max((number for number, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    return [
        _marked(message, in_turn=number > turn) if isinstance(message, ToolMessage) else message
        for number, message in enumerate(messages)
    ]


def as_data(text: str) -> str:
    """`text` as it may stand between the marks: it cannot close them, however the mark is spelled. Characters that
    nobody sees are left out; brackets that lead up to the mark's name, whatever else stands between, are replaced."""
    if not _BRACKETS.search(text):
        return text
    seen = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cf", "Cc", "Mn"))
    folded = "".join((unicodedata.normalize("NFKD", c)[0].lower() or c)[0] for c in seen)
    parts, end = [], 0
    for name in _NAME.finditer(folded):
        start = name.start()
        while start > end and not folded[start - 1].isalnum():
            start -= 1
        parts += [seen[end:start], _BRACKETS.sub("&lt;", seen[start : name.start()])]
        end = name.start()
    return "".join([*parts, seen[end:]])


def _marked(message: ToolMessage, *, in_turn: bool) -> ToolMessage:
    text = f"{_OPEN}\n{as_data(message.text)}\n{_CLOSE}"
    if in_turn and message.artifact and message.artifact.get("answer"):
        text += "\n" + render("agent/from_passages.j2", citations=message.artifact["citations"])
    return message.model_copy(update={"content": text})


def brief(system: SystemMessage | None, state: TurnState) -> SystemMessage:
    """The agent's own prompt followed by the facts, the plan and what is allowed now: what an engine is told.

    It rides on the system message of one call, as text for any model and typed for the local ones, and never enters
    the history.
    """
    typed = _briefing(state)
    shown = {**typed, "facts": {name: _safe(value) for name, value in typed["facts"].items()}}
    text = render("agent/briefing.j2", **shown)
    prompt = system.text if system else ""
    return SystemMessage(f"{prompt}\n\n{text}".strip(), additional_kwargs={BRIEFING: typed})


def _safe(value: Any) -> Any:
    """A fact whose texts cannot pass for the marks of data."""
    if isinstance(value, str):
        return as_data(value)
    if isinstance(value, dict):
        return {name: _safe(inner) for name, inner in value.items()}
    return [_safe(inner) for inner in value] if isinstance(value, list) else value


def _briefing(state: TurnState) -> Briefing:
    plan = state.plan
    following = plan.next
    question = state.state.get("question")
    return Briefing(
        facts=dict(state.facts),
        goals=list(state.facts.get(GOALS) or ()),
        plan=plan.as_state(),
        next=following.name if following and following.name in state.allowed else None,
        awaiting=plan.awaiting,
        turn_start=state.turn_start,
        asked=question["action"] if question else None,
        allowed=sorted(state.allowed),
        blocked={
            name: list(unmet(action, state.facts))
            for name, action in state.actions.items()
            if name not in state.allowed
        },
        confirm=sorted(name for name, action in state.allowed.items() if action.confirm),
    )
