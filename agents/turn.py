"""A turn, read back from an agent's state: what was planned, thought, done, observed, cited and answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from shopbot.agents.answering import citations_in_state
from shopbot.engines.protocol import THOUGHT


@dataclass(frozen=True)
class ActionRecord:
    """One action taken: `status` is ok or error."""

    name: str
    args: Mapping[str, Any]
    status: str
    observation: str
    thought: str = ""


@dataclass(frozen=True)
class Turn:
    """What happened between a customer's message and the reply to it."""

    message: str
    reply: str
    awaiting: str | None
    actions: tuple[ActionRecord, ...]
    citations: tuple[Mapping[str, str], ...]
    plan: tuple[Mapping[str, Any], ...]
    thought: str = ""


def read_turn(state: Mapping[str, Any]) -> Turn:
    """The newest turn of an agent's state."""
    messages = state["messages"]
    start = max((i for i, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    turn = messages[start:]
    answers = [message for message in turn if isinstance(message, AIMessage)]
    reply = answers[-1] if answers else AIMessage("")
    results = {message.tool_call_id: message for message in turn if isinstance(message, ToolMessage)}
    return Turn(
        message=turn[0].text if turn else "",
        reply=reply.text,
        awaiting=state.get("awaiting"),
        actions=tuple(record for answer in answers for record in _action_records(answer, results)),
        citations=_citations(reply.text, state),
        plan=tuple(state.get("plan") or ()),
        thought=str(reply.additional_kwargs.get(THOUGHT, "")),
    )


def _action_records(answer: AIMessage, results: Mapping[str, ToolMessage]) -> list[ActionRecord]:
    thought = str(answer.additional_kwargs.get(THOUGHT, ""))
    return [
        ActionRecord(
            name=call["name"],
            args=call["args"],
            status="ok" if result.status == "success" else "error",
            observation=result.text,
            thought=thought,
        )
        for call in answer.tool_calls
        if (result := results.get(call["id"] or "")) is not None
    ]


def _citations(reply: str, state: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    """What the reply cites of all that this conversation has retrieved, in its order, each once."""
    if "[" not in reply:
        return ()
    from shopbot.tools.retrieval.answers import cited_keys

    retrieved = {citation["key"]: citation for citation in citations_in_state(state)}
    known = {key: citation["text"] for key, citation in retrieved.items()}
    return tuple(retrieved[key] for key in cited_keys(reply, known) if key in retrieved)
