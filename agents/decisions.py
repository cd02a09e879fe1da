"""The decisions of an engine, told to the recorder of traces with what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolCall
from pydantic import BaseModel

from shopbot.agents.state import TurnState
from shopbot.engines.protocol import ENGINES, EngineUsage
from shopbot.engines.recording.trace_format import AllowedAction, Outcome
from shopbot.tools.action import Action

_GATE = "gate"


def record(
    message: AIMessage,
    call: ToolCall | None,
    outcome: Outcome,
    state: TurnState,
    messages: Sequence[AnyMessage] | None = None,
) -> None:
    """One decision: a call that was proposed, or a reply (None, or a refusal's call without an id).

    `messages` are those that the engine had read, when they are not the state's. Writes nothing unless traces are
    wanted.
    """
    engine = _engine_of(message) or state.config.engine
    if state.config.recorder is None or engine == _GATE:
        return
    from shopbot.engines.recording.recorder import Decision

    state.config.recorder.record(
        Decision(
            conversation=state.conversation,
            messages=state.messages if messages is None else messages,
            allowed=[_described(action) for action in state.allowed.values()],
            facts=state.facts,
            engine=engine,
            answer=message,
            choice=call["name"] if call and call["id"] else None,
            args=call["args"] if call else {},
            outcome=outcome,
        )
    )


def record_action(call: ToolCall, outcome: Outcome, state: TurnState) -> None:
    """An action that was carried out; calls that stood before it in the same message count as done."""
    messages = state.messages
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        ids = [one["id"] for one in message.tool_calls] if isinstance(message, AIMessage) else []
        if call["id"] in ids and isinstance(message, AIMessage):
            done = message.tool_calls[: ids.index(call["id"])]
            before = message.model_copy(update={"content": "", "tool_calls": done})
            record(message, call, outcome, state, [*messages[:place], before])
            return


def by_the_gate(call: ToolCall) -> AIMessage:
    """A call that no engine has chosen: it is carried out like any other and not recorded."""
    usage = EngineUsage(engine=_GATE, seconds=0.0, tokens=0, cost=0.0, outcome="answered")
    return AIMessage("", tool_calls=[call], response_metadata={ENGINES: [usage]})


def _engine_of(message: AIMessage) -> str:
    usage: list[EngineUsage] = message.response_metadata.get(ENGINES) or []
    return usage[-1]["engine"] if usage else ""


def _described(action: Action) -> AllowedAction:
    return AllowedAction(action.name, action.description, _schema(action.arguments))


@lru_cache(maxsize=256)
def _schema(arguments: type[BaseModel]) -> dict[str, Any]:
    return arguments.model_json_schema()
