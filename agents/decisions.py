"""The decisions of an engine, told to the recorder of traces with what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolCall
from pydantic import BaseModel

from shopbot.agents.config import GateConfig
from shopbot.agents.proposal import Refusal
from shopbot.agents.state import TurnState
from shopbot.engines.protocol import ENGINES, EngineUsage
from shopbot.engines.recording.trace_format import AllowedAction, Outcome
from shopbot.tools.action import Action

_GATE = "gate"


class Decisions:
    """The decisions of one step; writes nothing unless traces are wanted."""

    def __init__(self, state: TurnState, config: GateConfig, conversation: str) -> None:
        self._state = state
        self._config = config
        self._conversation = conversation

    def refused(self, message: AIMessage, refusals: Sequence[Refusal]) -> None:
        """Proposals that went back to the engine; a refusal without a call's id is one of a reply."""
        for refusal in refusals:
            call = refusal.call
            self._record(message, call["name"] if call["id"] else None, call["args"], "refused")

    def replied(self, message: AIMessage) -> None:
        """A plain reply that holds."""
        self._record(message, None, {}, "replied")

    def proposed(self, message: AIMessage, call: ToolCall) -> None:
        """An action that holds but is not carried out now: the customer is asked first, or it is the result."""
        self._record(message, call["name"], call["args"], "accepted")

    def acted(self, call: ToolCall, outcome: Outcome) -> None:
        """An action that was carried out; calls that stood before it in the same message count as done."""
        if self._config.recorder is None:
            return
        messages = self._state.messages
        for place in range(len(messages) - 1, -1, -1):
            message = messages[place]
            ids = [one["id"] for one in message.tool_calls] if isinstance(message, AIMessage) else []
            if call["id"] in ids and isinstance(message, AIMessage):
                before = message.model_copy(
                    update={"content": "", "tool_calls": message.tool_calls[: ids.index(call["id"])]}
                )
                self._record(message, call["name"], call["args"], outcome, [*messages[:place], before])
                return

    def _record(
        self,
        message: AIMessage,
        choice: str | None,
        args: Mapping[str, Any],
        outcome: Outcome,
        messages: Sequence[AnyMessage] | None = None,
    ) -> None:
        engine = _engine_of(message) or self._config.engine
        if self._config.recorder is None or engine == _GATE:
            return
        from shopbot.engines.recording.recorder import Decision

        self._config.recorder.record(
            Decision(
                conversation=self._conversation,
                messages=self._state.messages if messages is None else messages,
                allowed=[_described(action) for action in self._state.allowed.values()],
                facts=self._state.facts,
                engine=engine,
                answer=message,
                choice=choice,
                args=args,
                outcome=outcome,
            )
        )


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
