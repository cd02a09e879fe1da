"""A reply as it is shown: its words, and beside them what can be opened, answered, ticked or downloaded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from shopbot.agents.turn import Turn, read_turn
from shopbot.apps.serve.hub import Event
from shopbot.apps.serve.store import Entry
from shopbot.apps.serve.views import entry_view, pieces
from shopbot.prompts import load_data

FOLLOWED = "followed"
"""In the state as of a turn: whether the customer has written again since."""


def turn_of(values: Mapping[str, Any], message: str) -> dict[str, Any] | None:
    """The state as of the turn that `message` (an id) began, with `FOLLOWED`; None when it is not in there."""
    messages: Sequence[AnyMessage] = values.get("messages") or ()
    start = next((i for i, m in enumerate(messages) if m.id == message), None)
    if start is None:
        return None
    after = (i for i, m in enumerate(messages) if i > start and isinstance(m, HumanMessage))
    end = next(after, len(messages))
    return {**values, "messages": messages[:end], FOLLOWED: end < len(messages)}


def reply_in(values: Mapping[str, Any]) -> AIMessage | None:
    """The message that ends the newest turn; None when it has not ended."""
    last = values["messages"][-1]
    return last if isinstance(last, AIMessage) and not last.tool_calls else None


async def is_half_done(agent: Any, conversation: str, message: str, values: Mapping[str, Any]) -> bool:
    """Whether the turn of `message` was begun and not ended: the agent's journal knows, or the missing reply tells."""
    journal = getattr(agent, "journal", None)
    if journal is not None:
        received = await asyncio.to_thread(journal.receive, conversation, [])
        return any(each.id == message for each in received)
    done = turn_of(values, message)
    return done is not None and not done[FOLLOWED] and reply_in(done) is None


def hands_over(values: Mapping[str, Any]) -> bool:
    """Whether this turn handed the conversation to a person."""
    return any(action.name == "hand_over" and action.status == "ok" for action in read_turn(values).actions)


def details_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to the newest turn's reply besides its words; only what there is."""
    turn = read_turn(values)
    question = values.get("question") or {}
    asked = question.get("id") if question.get("message") == values["messages"][-1].id else None
    details = {
        "awaiting": turn.awaiting,
        "question": asked,
        "citations": [dict(citation) for citation in turn.citations],
        "choices": _choices(values) if turn.awaiting == "items" else None,
        "label": _label(values),
        "plan": [dict(step) for step in turn.plan],
    }
    return {name: value for name, value in details.items() if value}


def trace_of(turn: Turn) -> dict[str, Any]:
    """The turn's reasoning, for staff."""
    actions = [
        {"name": a.name, "args": dict(a.args), "status": a.status, "observation": a.observation, "thought": a.thought}
        for a in turn.actions
    ]
    return {"thought": turn.thought, "actions": actions, "plan": [dict(step) for step in turn.plan]}


def events_of(said: Entry) -> list[Event]:
    """What is told when this was said: a reply in pieces first, and what belongs to it."""
    told = []
    if said.speaker != "customer":
        told += [Event("token", {"reply": said.id, "text": piece}) for piece in pieces(said.text)]
        told += [Event("citation", {"reply": said.id, **each}) for each in said.details.get("citations", ())]
    if "question" in said.details:
        told.append(Event("question", {"reply": said.id, "question": said.details["question"]}))
    return [*told, Event("message", entry_view(said), said.seq)]


def doing(action: str) -> str:
    """What the customer is told while the action runs."""
    words: Mapping[str, str] = load_data("serve/chat.yaml")["doing"]
    return words.get(action) or words["other"]


def _turn_data(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the observations of the newest turn hold, the newest first."""
    for message in reversed(values["messages"]):
        if isinstance(message, HumanMessage):
            return
        if isinstance(message, ToolMessage) and message.artifact:
            yield message.artifact.get("data") or {}


def _choices(values: Mapping[str, Any]) -> list[str]:
    """What the customer can tick when asked which items: those in question, or all that are left in the order."""
    options = next((data["options"] for data in _turn_data(values) if data.get("options")), None)
    if options is not None:
        return list(options)
    order = (values.get("facts") or {}).get("order") or {}
    return [str(item["name"]) for item in order.get("items", ()) if item.get("remaining")]


def _label(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The return that this turn arranged."""
    made = next((data for data in _turn_data(values) if data.get("return_id")), None)
    return {key: made.get(key) for key in ("return_id", "status", "tracking_code")} if made else None
