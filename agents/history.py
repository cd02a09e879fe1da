"""The history as an engine may read it: valid for every provider, and what actions observed marked as data."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from shopbot.prompts import load_data, render

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

    Outside the marks of an observation that answers this turn's question stands how to answer from it. Only what the
    engine reads is marked; the history stays as it is.
    """
    turn = max((number for number, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    return [
        _marked(message, in_turn=number > turn) if isinstance(message, ToolMessage) else message
        for number, message in enumerate(messages)
    ]


def as_data(text: str) -> str:
    """`text` as it may stand between the marks: it cannot close them."""
    return text.replace(_CLOSE, "< /data>")


def _marked(message: ToolMessage, *, in_turn: bool) -> ToolMessage:
    text = f"{_OPEN}\n{as_data(message.text)}\n{_CLOSE}"
    if in_turn and message.artifact and message.artifact.get("answer"):
        text += "\n" + render("agent/from_passages.j2", citations=message.artifact["citations"])
    return message.model_copy(update={"content": text})
