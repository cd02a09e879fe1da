"""An agent of this project in the seat of tau2-bench's agent.

The orchestrator carries out calls itself, one message at a time, and judges by what it has carried out. The agent here
acts on records of its own, a copy of the benchmark's. So a turn is taken as a whole when the customer has spoken; then
what was really done is handed on, call by call, and the reply last. What the gate refused is never seen outside.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from shopbot.engines.protocol import REFUSED

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

_THREADS = itertools.count()


class Outside(Protocol):
    """How a message to the orchestrator is made: words, or one call."""

    def says(self, text: str) -> Any:
        """A message with words."""

    def calls(self, call_id: str, name: str, args: dict[str, Any]) -> Any:
        """A message with one call."""


@dataclass
class Seat:
    """The state of one conversation: what is still to be handed on."""

    thread: str = field(default_factory=lambda: f"tau{next(_THREADS)}")
    seen: int = 0
    pending: deque[Any] = field(default_factory=deque)


class GatedAgent:
    """Takes turns with an agent, and tells of each as the benchmark's agents do."""

    def __init__(self, desk: CompiledStateGraph[Any, Any, Any, Any], outside: Outside) -> None:
        self._desk = desk
        self._outside = outside

    def get_init_state(self, message_history: Sequence[Any] | None = None) -> Seat:
        """A conversation that begins; what the benchmark's agent said in greeting is no part of it."""
        return Seat()

    def generate_next_message(self, message: Any, state: Seat) -> tuple[Any, Seat]:
        """The next message: of what was done in this turn, or the reply."""
        if not state.pending:
            result = self._desk.invoke(
                {"messages": [("user", message.content or "")]}, {"configurable": {"thread_id": state.thread}}
            )
            messages = result["messages"]
            state.pending.extend(self._told(messages[state.seen :]))
            state.seen = len(messages)
        return state.pending.popleft(), state

    def _told(self, messages: Sequence[AnyMessage]) -> Iterator[Any]:
        done = {m.tool_call_id for m in messages if isinstance(m, ToolMessage) and _was_done(m)}
        calls = (call for m in messages if isinstance(m, AIMessage) for call in m.tool_calls if call["id"] in done)
        for call in calls:
            yield self._outside.calls(str(call["id"]), call["name"], call["args"])
        yield self._outside.says(messages[-1].text)

    @classmethod
    def is_stop(cls, message: Any) -> bool:
        """The customer ends the conversation."""
        return False

    def stop(self, message: Any = None, state: Seat | None = None) -> None:
        """Nothing is held open."""

    def set_seed(self, seed: int) -> None:
        """The engine has no seed."""


def _was_done(message: ToolMessage) -> bool:
    return message.status == "success" and not (message.artifact or {}).get(REFUSED)
