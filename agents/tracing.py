"""Tracing: OpenTelemetry spans after the GenAI semantic conventions, for whatever backend is configured.

Off unless the program sets a tracer provider. Spans carry names, outcomes and token counts, never the customer's words.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from langchain_core.messages import AIMessage
from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

from shopbot.engines.protocol import EngineUsage

_UNREAD: AbstractContextManager[Span] = nullcontext(trace.INVALID_SPAN)
_OPEN_TURNS = 10_000
"""Turns whose span is held open at most; a turn that stops at an interrupt may never come to its end."""


class Tracer:
    """The spans of one agent. A turn's span is open over its steps; it goes by the id of the message that began it."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._turns: dict[str, Span] = {}

    def open_turn(self, turn: str, conversation: str) -> None:
        """Begin the span of a turn."""
        tracer = _tracer()
        if tracer is None:
            return
        span = tracer.start_span(
            f"invoke_agent {self._agent}",
            attributes={
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": self._agent,
                "gen_ai.conversation.id": conversation,
            },
        )
        if span.is_recording() and len(self._turns) < _OPEN_TURNS:
            self._turns[turn] = span

    def close_turn(self, turn: str, awaiting: str | None) -> None:
        """End the span of a turn."""
        span = self._turns.pop(turn, None)
        if span is not None:
            span.set_attribute("shopbot.awaiting", awaiting or "")
            span.end()

    def span(self, turn: str, name: str, operation: str, **attributes: Any) -> AbstractContextManager[Span]:
        """A span inside the turn: a model call, a validation, an action. Of a failure it keeps the kind, not the text:
        that can hold a customer's words or a key."""
        tracer = _tracer()
        return _UNREAD if tracer is None else self._recorded(tracer, turn, name, operation, attributes)

    @contextmanager
    def _recorded(
        self, tracer: trace.Tracer, turn: str, name: str, operation: str, attributes: Mapping[str, Any]
    ) -> Iterator[Span]:
        parent = self._turns.get(turn)
        context = trace.set_span_in_context(parent) if parent is not None else None
        given = {"gen_ai.operation.name": operation, **{key.replace("__", "."): v for key, v in attributes.items()}}
        starting = tracer.start_as_current_span(
            name, context=context, attributes=given, record_exception=False, set_status_on_exception=False
        )
        with starting as span:
            yield span


def describe_failure(span: Span, failure: Exception) -> None:
    """The kind of a failure, on the span of what failed."""
    span.set_attribute("error.type", type(failure).__qualname__)
    span.set_status(StatusCode.ERROR)


def describe_answer(span: Span, answer: AIMessage, usage: Sequence[EngineUsage]) -> None:
    """Token counts, what was called and which engines took part, on the span of a model call."""
    if not span.is_recording():
        return
    span.set_attributes(describe_usage(usage))
    counted = answer.usage_metadata
    if counted:
        span.set_attribute("gen_ai.usage.input_tokens", counted["input_tokens"])
        span.set_attribute("gen_ai.usage.output_tokens", counted["output_tokens"])
    span.set_attribute("gen_ai.response.finish_reasons", ["tool_calls" if answer.tool_calls else "stop"])


def describe_usage(usage: Sequence[EngineUsage]) -> dict[str, Any]:
    """Which engines took part, as attributes of a span."""
    return {
        "shopbot.engine": usage[-1]["engine"] if usage else "",
        "shopbot.engines": [used["engine"] for used in usage],
        "shopbot.engines.outcome": [used["outcome"] for used in usage],
        "shopbot.engines.seconds": [used["seconds"] for used in usage],
    }


def _tracer() -> trace.Tracer | None:
    """The tracer, when somebody records: the API's own spans that nobody reads are a thirtieth of a loop's time."""
    provider = trace.get_tracer_provider()
    return None if isinstance(provider, trace.ProxyTracerProvider) else provider.get_tracer("shopbot.agents")
