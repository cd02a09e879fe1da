"""A conversation with an agent, and what can be seen of it from outside: what was said, done and established."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

_SHOWN = 200
"""Characters of an observation in a transcript."""


class Conversation:
    """One conversation, by default of its own; without a checkpointer it is carried from turn to turn here."""

    def __init__(self, agent: Any, thread: str | None = None) -> None:
        self.agent = agent
        self.thread = thread or uuid.uuid4().hex
        self.state: Mapping[str, Any] = {}

    def say(self, words: str) -> Mapping[str, Any]:
        """The state after one message of the user."""
        message = HumanMessage(words)
        kept = getattr(self.agent, "checkpointer", None)
        given = {"messages": [message]} if kept else {**self.state, "messages": [*self.messages, message]}
        self.state = self.agent.invoke(given, {"configurable": {"thread_id": self.thread}})
        return self.state

    @property
    def messages(self) -> list[BaseMessage]:
        """All that was said and observed."""
        return list(self.state.get("messages") or [])

    @property
    def reply(self) -> str:
        """What the agent said last."""
        said = (message.text for message in reversed(self.messages) if isinstance(message, AIMessage))
        return next(said, "")

    @property
    def facts(self) -> Mapping[str, Any]:
        """What has been established."""
        return self.state.get("facts") or {}

    @property
    def done(self) -> Counter[str]:
        """How often each action was done without an error."""
        return Counter(str(message.name) for message in self._observed() if message.status != "error")

    @property
    def failed(self) -> Counter[str]:
        """How often each action failed."""
        return Counter(str(message.name) for message in self._observed() if message.status == "error")

    def _observed(self) -> list[ToolMessage]:
        return [message for message in self.messages if isinstance(message, ToolMessage)]

    def transcript(self) -> str:
        """The conversation line by line, as a person reads it."""
        lines: list[str] = []
        for message in self.messages:
            if isinstance(message, ToolMessage):
                lines.append(f"  {'!' if message.status == 'error' else '='} {message.text[:_SHOWN]}")
            elif isinstance(message, AIMessage):
                lines += [f"agent: {message.text}"] if message.text.strip() else []
                lines += [f"  > {call['name']}({_shown(call['args'])})" for call in message.tool_calls]
            else:
                lines.append(f"user:  {message.text}")
        if self.state:
            lines.append(f"facts: {dict(self.facts)}; awaiting: {self.state.get('awaiting')}")
        return "\n".join(lines)


def _shown(args: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in args.items())
