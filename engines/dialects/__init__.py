"""Calls that a chat model writes into its text instead of calling: each becomes a call like any other.

Models fall back on the dialect that they were trained on (tags, fenced JSON, Python) when their server does not read
it. A customer never sees such a text: what can be read is proposed to the gate, what cannot is an invalid tool call, so
that it goes back to the model with a sentence. The words around a call stay as what is said beside it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, InvalidToolCall, ToolCall
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from shopbot.engines.dialects.looks import most
from shopbot.engines.dialects.marks import own_turn, sentence
from shopbot.engines.dialects.reader import is_plain, read_text
from shopbot.engines.react.call_shapes import Shaped
from shopbot.engines.templated import is_templated


def read_calls(message: AIMessage, tools: Sequence[BaseTool | dict[str, Any]]) -> AIMessage:
    """The answer with the calls that its text holds as calls; the same object when there are none.

    Args:
        message: what a chat model said, without its reasoning.
        tools: every action of the agent: one that is not possible now is for the gate to refuse.
    """
    text = message.text
    if is_templated(message) or not text.strip():
        return message
    offered = [tool for tool in tools if isinstance(tool, BaseTool)]
    if is_plain(text, {tool.name: {} for tool in offered}) and own_turn(text) == (text, False):
        return message  # before any schema is made
    actions = {tool.name: _schema(tool) for tool in offered}
    found = read_text(text, actions)
    if not found.shapes:
        own = "".join(found.words)
        return message if own == text else _changed(message, own)
    shapes = most([shape for shape in found.shapes if shape.answer is None])
    calls = [_call(shape) for shape in shapes if shape.complaint is None and not _is_made(shape, message)]
    # A provider that reads its model's calls leaves scraps of them behind.
    broken = [_invalid(shape) for shape in shapes if shape.complaint is not None and not message.tool_calls]
    words = "\n".join([*filter(None, [found.aside]), *(shape.answer for shape in found.shapes if shape.answer)])
    return _changed(message, words if not broken and is_plain(words, actions) else "", calls, broken)


def _changed(
    message: AIMessage, text: str, calls: Sequence[ToolCall] = (), broken: Sequence[InvalidToolCall] = ()
) -> AIMessage:
    update = {
        "content": _with_text(message.content, text),
        "tool_calls": [*message.tool_calls, *calls],
        "invalid_tool_calls": [*message.invalid_tool_calls, *broken],
    }
    return message.model_copy(update=update)


def _is_made(shape: Shaped, message: AIMessage) -> bool:
    """Whether the message makes this call already, as providers' calls are made."""
    return any((call["name"], call["args"]) == (shape.name, shape.args) for call in message.tool_calls)


def _schema(tool: BaseTool) -> Mapping[str, Any]:
    if isinstance(tool.args_schema, dict):
        return tool.args_schema
    parameters: dict[str, Any] = convert_to_openai_tool(tool)["function"].get("parameters", {})
    return parameters


def _call(shape: Shaped) -> ToolCall:
    return ToolCall(name=shape.name, args=dict(shape.args or {}), id=_new_id(), type="tool_call")


def _invalid(shape: Shaped) -> InvalidToolCall:
    why = shape.complaint.sentence if shape.complaint else ""
    return InvalidToolCall(
        name=shape.name or "unknown",
        args=shape.raw,
        id=_new_id(),
        error=sentence("unread", " ".join(why.split())),
        type="invalid_tool_call",
    )


def _with_text(content: Any, text: str) -> Any:
    """The content with other words: blocks that are no text stay."""
    if isinstance(content, str):
        return text
    others = [block for block in content if isinstance(block, dict) and block.get("type") != "text"]
    return [*others, *([{"type": "text", "text": text}] if text else [])]


def _new_id() -> str:
    return f"call_{uuid.uuid4().hex}"
