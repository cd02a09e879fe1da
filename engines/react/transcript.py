"""The conversation so far as ReAct text, and the protocol's instructions.

What others said, a customer, an action or the agent's own checks, is quoted line by line with ">", so that no line of
it can be taken for the model's own "Action:" or for the start of an observation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from shopbot.engines.protocol import REFUSED, THOUGHT
from shopbot.prompts import render

_LONGEST_THOUGHT = 500
"""Characters of an earlier thought that are shown again."""

Action = Mapping[str, Any]
"""`name`, `description` and `parameters` (JSON schema) of an action on offer."""


def write_prompt(messages: Sequence[BaseMessage], actions: Sequence[Action], *, must_act: bool) -> list[BaseMessage]:
    """What the model is asked: the agent's instructions with the protocol, and the conversation as text.

    What rides on the system message (briefing, deadline) stays on it.
    """
    system = [message for message in messages if isinstance(message, SystemMessage)]
    instructions = render(
        "engines/react.j2",
        instructions="\n\n".join(message.text for message in system),
        actions=[{**action, "parameters": _shown(action.get("parameters", {}))} for action in actions],
        must_act=must_act,
    )
    beside = {key: value for message in system for key, value in message.additional_kwargs.items()}
    history = render("engines/react_history.j2", entries=list(_entries(messages)))
    return [SystemMessage(instructions, additional_kwargs=beside), HumanMessage(history)]


def quoted(text: str) -> str:
    """Every line of the text behind a "> "."""
    return "\n".join(f"> {line}" for line in text.splitlines()) or ">"


def _entries(messages: Sequence[BaseMessage]) -> Iterator[dict[str, str]]:
    for message in messages:
        if isinstance(message, AIMessage):
            yield from _own(message)
        elif isinstance(message, ToolMessage) or message.additional_kwargs.get(REFUSED):
            yield {"kind": "observation", "text": quoted(message.text)}
        elif isinstance(message, HumanMessage):
            yield {"kind": "customer", "text": quoted(message.text)}


def _own(message: AIMessage) -> Iterator[dict[str, str]]:
    thought = str(message.additional_kwargs.get(THOUGHT, "")).strip()
    if thought:
        yield {"kind": "thought", "text": _indented(thought[:_LONGEST_THOUGHT])}
    if message.text.strip() and message.tool_calls:
        yield {"kind": "say", "text": _indented(message.text)}
    for call in message.tool_calls:
        yield {"kind": "action", "name": call["name"], "text": json.dumps(call["args"], ensure_ascii=False)}
    for bad in message.invalid_tool_calls:
        yield {"kind": "action", "name": bad.get("name") or "", "text": " ".join((bad.get("args") or "").split())}
    if message.text.strip() and not message.tool_calls:
        yield {"kind": "answer", "text": _indented(message.text)}


def _indented(text: str) -> str:
    """The text with its later lines set in, so that none of them begins like a label."""
    return "\n  ".join(text.strip().splitlines())


def _shown(schema: Mapping[str, Any]) -> str:
    return json.dumps(_plain(schema), ensure_ascii=False)


def _plain(schema: Any) -> Any:
    """A schema without the titles that pydantic adds: they say nothing and cost tokens."""
    if isinstance(schema, Mapping):
        return {
            key: {name: _plain(field) for name, field in value.items()}
            if key in ("properties", "$defs")
            else _plain(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema
