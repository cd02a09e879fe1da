"""What happens in a run, as typed events: of an agent of ours, and of any other with the gate among its middlewares.

    for event in events(agent, {"messages": [("user", "Cancel B-17.")]}, config):
        match event:
            case Said(text): print(text)
            case Refused(action, reason): log(action, reason)

Nothing is told before it has passed the gate, but what the gate refused.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Overwrite

REFUSED = "refused"
"""The key under which the gate writes a refusal into a run's custom stream."""
_MODES = ["updates", "custom"]
_SPEAKING = ("model", "tools")
"""The nodes of the graph that say or do something."""
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=\S)")


@dataclass(frozen=True)
class Planned:
    """The plan as it is now: titles of steps, each done or not."""

    steps: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Refused:
    """A proposal that went back to the engine: `action` is None for a reply, `sentence` what the engine was told."""

    action: str | None
    reason: str
    sentence: str


@dataclass(frozen=True)
class Proposed:
    """An action that was let through and runs now."""

    action: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Observed:
    """What an action came to."""

    action: str
    ok: bool
    text: str


@dataclass(frozen=True)
class Said:
    """A sentence of the reply, a question to confirm too."""

    text: str


@dataclass(frozen=True)
class Interrupted:
    """A person is asked before the run goes on."""

    value: Any


@dataclass(frozen=True)
class Ended:
    """The turn is over; `awaiting`: what the user has to say next, if anything."""

    awaiting: str | None


Event = Planned | Refused | Proposed | Observed | Said | Interrupted | Ended


def events(agent: Any, given: Any, config: RunnableConfig | None = None, **options: Any) -> Iterator[Event]:
    """The events of one run; `given` and `options` are as for `agent.stream`."""
    for mode, piece in agent.stream(given, config, stream_mode=_MODES, **options):
        yield from _read(mode, piece)


async def aevents(agent: Any, given: Any, config: RunnableConfig | None = None, **options: Any) -> AsyncIterator[Event]:
    """As `events`, for an event loop."""
    async for mode, piece in agent.astream(given, config, stream_mode=_MODES, **options):
        for event in _read(mode, piece):
            yield event


def _read(mode: str, piece: Any) -> Iterator[Event]:
    if mode == "custom":
        if isinstance(piece, Mapping) and REFUSED in piece:
            yield Refused(**piece[REFUSED])
        return
    for node, update in piece.items():
        if node == "__interrupt__":
            yield from (Interrupted(interrupt.value) for interrupt in update)
        elif isinstance(update, Mapping):
            yield from _of_update(node, update)


def _of_update(node: str, update: Mapping[str, Any]) -> Iterator[Event]:
    if "plan" in update:
        yield Planned(tuple((step["step"], step["done"]) for step in update["plan"]))
    # Other nodes (a middleware's summary) write old messages anew.
    messages = (update.get("messages") or []) if node in _SPEAKING else []
    listed: list[AnyMessage] = messages.value if isinstance(messages, Overwrite) else messages
    new = listed[-1:] if node == "model" else listed
    for message in new:
        if isinstance(message, ToolMessage):
            yield Observed(str(message.name), message.status != "error", message.text)
        elif isinstance(message, AIMessage):
            yield from (Said(sentence) for sentence in _SENTENCE_ENDS.split(message.text.strip()) if sentence)
            yield from (Proposed(call["name"], call["args"]) for call in message.tool_calls)
    if node == "model" and "awaiting" in update:
        yield Ended(update["awaiting"])
