"""The history: as an engine may read it, with observations as data, and what of it the customer has to be told."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from shopbot.agents.answering import safe_answer
from shopbot.agents.candidates import candidates_now
from shopbot.agents.plan import GOALS, unmet
from shopbot.agents.state import TurnState
from shopbot.agents.turn_locks import CROSSED
from shopbot.engines.protocol import BRIEFING, Briefing
from shopbot.prompts import exists, render, says
from shopbot.tools.action import UNKNOWN, Action

_OPEN, _CLOSE = "<data>", "</data>"
_QUOTED = 200
"""Characters of a message that a notice repeats."""
_NAME = re.compile(r"(?<![^\W_])data(?![^\W_])")
_BRACKETS = re.compile("[<＜﹤‹〈⟨❮❬˂⟪《«]")


def with_own_ids(message: AIMessage, messages: Sequence[AnyMessage]) -> AIMessage:
    """The message with ids that the conversation does not have yet, its own and one for each of its calls: one that is
    there already would take the place of what was said under it."""
    if message.id in {m.id for m in messages}:
        message = message.model_copy(update={"id": str(uuid.uuid4())})
    taken = {call["id"] for m in messages if isinstance(m, AIMessage) for call in m.tool_calls}
    calls = []
    for call in message.tool_calls:
        call_id = call["id"] if call["id"] and call["id"] not in taken else f"call_{uuid.uuid4().hex}"
        taken.add(call_id)
        calls.append({**call, "id": call_id})
    return message if calls == message.tool_calls else message.model_copy(update={"tool_calls": calls})


def notices(messages: Sequence[AnyMessage], actions: Mapping[str, Action]) -> str:
    """What the customer has to be told before the newest message is answered; empty when nothing."""
    return "\n\n".join([*_untold(messages, actions), *_unanswered(messages)])


def _unanswered(messages: Sequence[AnyMessage]) -> list[str]:
    """What to tell about the customer's messages right before the newest one: an earlier turn died over them."""
    unanswered: list[str] = []
    for message in reversed(messages[:-1]):
        if not isinstance(message, HumanMessage):
            break
        unanswered.insert(0, message.text)
    return [str(says("unanswered")).format(words=words[:_QUOTED]) for words in unanswered]


def _untold(messages: Sequence[AnyMessage], actions: Mapping[str, Action]) -> list[str]:
    """What to tell about writes that the customer has not read of.

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


def last_resort(state: TurnState, *, claimed: bool = False) -> str:
    """What is said when no proposal held: the answer that needs no engine, if there is one, and what is missing.

    `claimed`: the engine said that something was done, and it was not; then that is said too.
    """
    done = written(state)
    told = done or ([str(says("nothing_done"))] if claimed else [])
    answer = "\n\n".join(filter(None, [*told, safe_answer(state)]))
    awaiting = state.plan.awaiting
    if not answer:
        return _ask_for(awaiting)
    return answer if awaiting in (None, "confirmation") else f"{answer}\n\n{_ask_for(awaiting)}"


def _ask_for(slot: str | None) -> str:
    """The request for what is missing, or for other words when nothing is."""
    if slot is None:
        return str(says("lost"))
    return str(says("ask")).format(slot=says("slots").get(slot, slot.replace("_", " ")))


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


def brief(system: SystemMessage | None, state: TurnState, *, candidates: bool = False) -> SystemMessage:
    """The agent's own prompt followed by the facts, the plan and what is allowed now: what an engine is told.

    It rides on the system message of one call, as text for any model and typed for the local ones, and never enters
    the history.
    """
    typed = _briefing(state)
    if candidates:
        typed["candidates"] = candidates_now(state)
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
    question = state.values.get("question")
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
