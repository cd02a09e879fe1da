"""LangChain's messages as what a learned engine was trained on: (speaker, text), oldest first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from shopbot.engines.protocol import REFUSED
from shopbot.engines.recording.trace_format import write_action

Context = list[tuple[str, str]]

_MARKED = re.compile(r"\A<data>\n(.*)\n</data>.*\Z", re.DOTALL)
"""How the gate marks an observation as data for engines that read prose; traces hold the observation alone."""


def context_of(messages: Sequence[BaseMessage]) -> Context:
    """The conversation as a trace holds it; instructions and refused proposals of this step are left out."""
    context: Context = []
    for message in settled(messages):
        if isinstance(message, HumanMessage):
            context.append(("User", message.text))
        elif isinstance(message, ToolMessage):
            marked = _MARKED.match(message.text)
            context.append(("Observation", marked.group(1) if marked else message.text))
        elif isinstance(message, AIMessage):
            if message.text.strip():
                context.append(("Agent", message.text))
            context += [("Agent", write_action(call["name"], call["args"])) for call in message.tool_calls]
    return context


def refused_in(messages: Sequence[BaseMessage]) -> set[str]:
    """The names of the actions that were proposed in this step and refused; "" where a plain reply was."""
    kept = len(settled(messages))
    names: set[str] = set()
    for message in messages[kept:]:
        if isinstance(message, AIMessage):
            names |= {call["name"] for call in message.tool_calls} or {""}
    return names


def settled(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """The messages before the first proposal of this step that was refused."""
    first = next((at for at, message in enumerate(messages) if message.additional_kwargs.get(REFUSED)), None)
    if first is None:
        return messages
    while first > 0 and isinstance(messages[first - 1], AIMessage):
        first -= 1
    return messages[:first]
