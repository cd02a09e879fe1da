"""A cascade asks the cheap engine first and the next one when it is unsure, refused or broken."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.tools import tool

from shopbot.engines import EngineError, EngineOptions, make_engine
from shopbot.engines.cascade.model import CascadeEngine
from shopbot.engines.protocol import CONFIDENCE, COST, ENGINES, REFUSED
from shopbot.engines.scripted import ScriptedEngine


@tool
def look(place: str) -> str:
    """Look somewhere."""
    return place


def said(words: str, sure: float | None = None, tokens: int = 0, cost: float = 0.0) -> AIMessage:
    """An answer with a confidence, tokens and a cost."""
    usage: Any = {"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens} if tokens else None
    metadata: dict[str, Any] = {COST: cost} if cost else {}
    return AIMessage(
        words, usage_metadata=usage, response_metadata=metadata | ({} if sure is None else {CONFIDENCE: sure})
    )


def cascade(*scripts: list[Any], threshold: float = 0.8) -> CascadeEngine:
    """A cascade of scripted engines called a, b, c."""
    return CascadeEngine(
        specs=["a", "b", "c"][: len(scripts)],
        engines=[ScriptedEngine(script) for script in scripts],
        thresholds=[threshold] * len(scripts),
    )


def ask(engine: CascadeEngine, *messages: BaseMessage) -> AIMessage:
    """The cascade's answer, the same from `invoke` and `ainvoke`."""
    heard = [HumanMessage("hello"), *messages]
    copy = CascadeEngine(
        specs=engine.specs,
        engines=[ScriptedEngine(e._steps) for e in engine.engines],  # type: ignore[attr-defined]
        thresholds=engine.thresholds,
    )
    answer = engine.bind_tools([look]).invoke(heard)
    again = asyncio.run(copy.bind_tools([look]).ainvoke(heard))
    assert (again.text, outcomes(again)) == (answer.text, outcomes(answer))
    return answer


def outcomes(answer: AIMessage) -> list[tuple[str, str]]:
    """Who took part, and what became of it."""
    return [(share["engine"], share["outcome"]) for share in answer.response_metadata[ENGINES]]


@pytest.mark.parametrize("sure", [0.8, 1.0, None])
def test_a_sure_answer_stands_and_so_does_one_that_cannot_say(sure: float | None) -> None:
    answer = ask(cascade([said("cheap", sure)], []))
    assert (answer.text, outcomes(answer)) == ("cheap", [("a", "answered")])


def test_an_unsure_answer_is_passed_on() -> None:
    answer = ask(cascade([said("cheap", 0.79)], [said("dear")]))
    assert (answer.text, outcomes(answer)) == ("dear", [("a", "unsure"), ("b", "answered")])


def test_the_last_engine_answers_however_unsure_it_is() -> None:
    answer = ask(cascade([said("cheap", 0.1)], [said("middle", 0.2)], [said("dear", 0.3)]))
    assert (answer.text, outcomes(answer)[-1]) == ("dear", ("c", "answered"))


@pytest.mark.parametrize(("refusals", "asked"), [(1, "b"), (2, "c"), (3, "c")])
def test_after_a_refusal_the_next_engine_is_asked(refusals: int, asked: str) -> None:
    engine = cascade([said("a", 1.0)], [said("b", 1.0)], [said("c", 1.0)])
    marks = [HumanMessage("no", additional_kwargs={REFUSED: number}) for number in range(1, refusals + 1)]
    assert ask(engine, *marks).text == asked


def test_a_cheap_engine_that_fails_is_passed_over() -> None:
    answer = ask(cascade([OSError("broken")], [said("dear")]))
    assert (answer.text, outcomes(answer)) == ("dear", [("a", "failed"), ("b", "answered")])


def test_when_the_dear_engine_fails_the_cheap_proposal_stands_after_all() -> None:
    answer = ask(cascade([said("cheap", 0.1)], [OSError("broken")]))
    assert (answer.text, outcomes(answer)) == ("cheap", [("a", "answered"), ("b", "failed")])


def test_when_all_fail_the_last_failure_is_told() -> None:
    with pytest.raises(OSError, match="two"):
        cascade([OSError("one")], [OSError("two")]).invoke("hello")


def test_a_refused_proposal_does_not_stand_when_the_dear_engine_fails() -> None:
    with pytest.raises(OSError, match="broken"):
        cascade([said("cheap", 1.0)], [OSError("broken")]).invoke([HumanMessage("no", additional_kwargs={REFUSED: 1})])


def test_what_was_spent_on_the_way_is_in_the_bill() -> None:
    answer = ask(cascade([said("cheap", 0.1, tokens=10, cost=0.25)], [said("dear", tokens=100, cost=0.5)]))
    assert answer.response_metadata[COST] == 0.75
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["total_tokens"] == 110
    assert [(s["tokens"], s["cost"]) for s in answer.response_metadata[ENGINES]] == [(10, 0.25), (100, 0.5)]


def test_each_engine_is_offered_the_actions() -> None:
    engine = cascade([said("cheap", 0.1)], [said("dear")])
    engine.bind_tools([look]).invoke("hello")
    assert [e.offered for e in engine.engines] == [[("look",)], [("look",)]]  # type: ignore[attr-defined]


def test_a_spec_makes_a_cascade_with_the_thresholds_of_a_file(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("- say: hello\n")
    thresholds = tmp_path / "thresholds.json"
    thresholds.write_text(json.dumps({"thresholds": {"planner": 0.6, "others": 0.5}}))
    engine: Any = make_engine(f"cascade:planner,react:script:{script}", EngineOptions(thresholds=thresholds))
    assert (engine.spec, engine.thresholds) == (f"cascade:planner,react:script:{script}", [0.6, 0.5])
    assert [one._llm_type for one in engine.engines] == ["planner", "react"]


@pytest.mark.parametrize("spec", ["cascade:planner", "cascade:planner,", "cascade:,planner"])
def test_a_cascade_of_one_is_refused_in_a_sentence(spec: str) -> None:
    with pytest.raises(EngineError, match=r"^The engine is 'cascade:.*'; name two engines or more"):
        make_engine(spec)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"thresholds": {}}', '{"thresholds": {"others": 2}}'])
def test_a_bad_file_of_thresholds_is_named(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "thresholds.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(EngineError, match=r"^The file of cascade thresholds is .*thresholds\.json"):
        make_engine("cascade:planner,planner", EngineOptions(thresholds=file))


def test_the_shipped_thresholds_can_be_read() -> None:
    engine: Any = make_engine("cascade:planner,planner")
    assert 0 < engine.thresholds[0] < 1
