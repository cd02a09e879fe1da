"""Who did the work of a conversation is counted by engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from shopbot.agents.budget import add_usage, usage_of
from shopbot.agents.tracing import describe_usage
from shopbot.engines.protocol import ENGINES, EngineUsage
from shopbot.engines.scripted import ScriptedEngine


def share(engine: str, outcome: str = "answered", cost: float | None = 0.5) -> EngineUsage:
    """One engine's part in an answer."""
    return EngineUsage(engine=engine, seconds=1.0, tokens=10, cost=cost, outcome=outcome)


def test_the_engine_that_answered_has_the_turn() -> None:
    step = add_usage(None, [share("a", "unsure"), share("b")], ends_turn=False)
    tally = add_usage(step, [share("a"), share("b", "failed")], ends_turn=True)
    assert {name: (one["turns"], one["answers"], one["calls"]) for name, one in tally.items()} == {
        "a": (1, 1, 2),
        "b": (0, 1, 2),
    }
    assert (tally["a"]["tokens"], tally["a"]["cost"], tally["a"]["seconds"]) == (20, 1.0, 2.0)


def test_a_cost_that_nobody_knows_stays_unknown() -> None:
    tally = add_usage(add_usage(None, [share("a", cost=None)], ends_turn=True), [share("a")], ends_turn=True)
    assert tally["a"]["cost"] is None


def test_the_earlier_tally_is_not_changed() -> None:
    earlier = add_usage(None, [share("a")], ends_turn=True)
    add_usage(earlier, [share("a")], ends_turn=True)
    assert earlier["a"]["turns"] == 1


def test_an_engine_that_names_nobody_did_it_alone() -> None:
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    [alone] = usage_of(AIMessage("x", usage_metadata=usage), ScriptedEngine([]), 0.5)  # type: ignore[arg-type]
    assert alone == EngineUsage(engine="script", seconds=0.5, tokens=3, cost=None, outcome="answered")
    named = [share("a", "unsure"), share("b")]
    assert usage_of(AIMessage("x", response_metadata={ENGINES: named}), ScriptedEngine([]), 0.5) == named
    assert describe_usage(named)["shopbot.engines.outcome"] == ["unsure", "answered"]


def test_the_engine_is_on_the_span_of_its_call(talk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr("shopbot.agents.tracing._tracer", lambda: provider.get_tracer("test"))
    state = talk({"say": "Hello!"}).say("hi")
    chat = next(span for span in spans.get_finished_spans() if span.name == "chat")
    assert chat.attributes is not None
    assert chat.attributes["shopbot.engine"] == "script"
    assert chat.attributes["shopbot.engines"] == ("script",)
    assert state["engines"]["script"]["turns"] == 1
