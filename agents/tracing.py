"""Tracing: OpenTelemetry spans after the GenAI semantic conventions, for whatever backend is configured.

Off unless the program sets a tracer provider: the API's own no-op spans cost about a microsecond. Spans carry names,
outcomes and token counts, never the customer's words.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.messages import AIMessage
from opentelemetry import trace
from opentelemetry.trace import Span

from shopbot.agents.shares import describe_shares
from shopbot.engines.protocol import Share

_OPEN_TURNS = 10_000
"""Turns whose span is held open at most; a turn that stops at an interrupt may never come to its end."""


class Tracer:
    """The spans of one agent; `turn` spans stay open over the steps of a turn."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._turns: dict[str, Span] = {}

    def open_turn(self, conversation: str) -> None:
        """Begin the span of a turn."""
        span = _tracer().start_span(
            f"invoke_agent {self._agent}",
            attributes={
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": self._agent,
                "gen_ai.conversation.id": conversation,
            },
        )
        if span.is_recording() and len(self._turns) < _OPEN_TURNS:
            self._turns[conversation] = span

    def close_turn(self, conversation: str, awaiting: str | None) -> None:
        """End the span of a turn."""
        span = self._turns.pop(conversation, None)
        if span is not None:
            span.set_attribute("shopbot.awaiting", awaiting or "")
            span.end()

    @contextmanager
    def span(self, conversation: str, name: str, operation: str, **attributes: Any) -> Iterator[Span]:
        """A span inside the turn: a model call, a validation, an action."""
        turn = self._turns.get(conversation)
        context = trace.set_span_in_context(turn) if turn is not None else None
        given = {"gen_ai.operation.name": operation, **{key.replace("__", "."): v for key, v in attributes.items()}}
        with _tracer().start_as_current_span(name, context=context, attributes=given) as span:
            yield span


def describe_answer(span: Span, answer: AIMessage, shares: Sequence[Share]) -> None:
    """Token counts, what was called and which engines took part, on the span of a model call."""
    span.set_attributes(describe_shares(shares))
    usage = answer.usage_metadata
    if usage:
        span.set_attribute("gen_ai.usage.input_tokens", usage["input_tokens"])
        span.set_attribute("gen_ai.usage.output_tokens", usage["output_tokens"])
    span.set_attribute("gen_ai.response.finish_reasons", ["tool_calls" if answer.tool_calls else "stop"])


def _tracer() -> trace.Tracer:
    return trace.get_tracer("shopbot.agents")
