"""The history as an engine may read it: valid for every provider, and what actions observed marked as data."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from prompts import load_data

_OPEN, _CLOSE = "<data>", "</data>"


def mend(messages: Sequence[AnyMessage]) -> list[AnyMessage] | None:
    """The messages with an answer after every tool call, or None when they are so already.

    A call is left without one when the customer writes while a person's approval is pending: it has not run, and is
    withdrawn.
    """
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    mended: list[AnyMessage] = []
    for message in messages:
        mended.append(message)
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            if call["id"] not in answered:
                text = load_data("agent/says.yaml")["withdrawn"]
                mended.append(ToolMessage(text, tool_call_id=call["id"], name=call["name"], status="error"))
    return mended if len(mended) > len(messages) else None


def marked(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The messages with every observation between marks, so that no engine takes it for an instruction.

    Only what the engine reads is marked; the history stays as it is.
    """
    return [_marked(message) if isinstance(message, ToolMessage) else message for message in messages]


def _marked(message: ToolMessage) -> ToolMessage:
    text = message.text.replace(_CLOSE, "< /data>")
    return message.model_copy(update={"content": f"{_OPEN}\n{text}\n{_CLOSE}"})
