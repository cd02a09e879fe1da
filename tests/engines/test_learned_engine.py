"""An engine learned from a scripted agent's decisions drives the same agent to the same ends."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from learned_library import BOOKS, Library, make_agent, record, say, visit, write_prompts

from shopbot.engines import EngineError, make_engine
from shopbot.engines.learned.context import context_of, refused_in
from shopbot.engines.learned.features import Layout
from shopbot.engines.protocol import CONFIDENCE, REFUSED
from shopbot.prompts import override_prompts

CALL: Any = {"name": "take_card", "args": {"card": "7"}, "id": "1", "type": "tool_call"}


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prompts folder with the library's question."""
    folder = tmp_path_factory.mktemp("prompts")
    write_prompts(folder)
    return folder


@pytest.fixture(autouse=True)
def library_words(prompts: Path) -> None:
    """The library's wording in every test."""
    override_prompts(prompts)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory, prompts: Path) -> Path:
    """The folder of an engine that learned from sixty visits to the library."""
    pytest.importorskip("torch", reason="needs the optimize extra")
    pytest.importorskip("transformers", reason="needs the optimize extra")
    from shopbot.optimize.config import Objective, Schedule, TrainConfig
    from shopbot.optimize.traces.training import train

    undo = override_prompts(prompts)
    traces = list(record(60, seed=1))
    undo()
    folder = tmp_path_factory.mktemp("learned")
    recipe = TrainConfig(
        base="tiny",
        freeze_words=False,
        batch=16,
        threads=1,
        schedule=Schedule(epochs=10, rate=2e-3),
        objective=Objective(arguments=1.0),
        layout=Layout(max_tokens=96),
    )
    train(traces, folder, recipe, dev=traces)
    return folder


@pytest.mark.parametrize("books", [BOOKS, ("Beowulf", "Kim")], ids=["known books", "new books"])
@pytest.mark.parametrize("seed", range(3))
def test_it_leads_new_visitors_to_the_end_that_the_script_led_them_to(
    learned: Path, seed: int, books: tuple[str, ...]
) -> None:
    one, library = visit(random.Random(100 + seed), books), Library()
    agent = make_agent(make_engine(f"learned:{learned}"), library)
    for words, _ in one.turns:
        assert say(agent, words)
    assert library.lent == one.lent


def test_it_says_how_sure_it_is_and_needs_no_briefing(learned: Path) -> None:
    answer = make_engine(f"planner:{learned}").invoke([HumanMessage("good evening")])
    assert answer.text
    assert 0 <= answer.response_metadata[CONFIDENCE] <= 1


def test_refused_proposals_are_not_part_of_the_conversation() -> None:
    messages = [
        SystemMessage("instructions"),
        HumanMessage("card 7"),
        AIMessage("", tool_calls=[CALL]),
        ToolMessage("nobody has said 7", tool_call_id="1", additional_kwargs={REFUSED: 1}),
    ]
    assert context_of(messages) == [("User", "card 7")]
    assert refused_in(messages) == {"take_card"}
    assert refused_in(messages[:2]) == set()


def test_an_observation_is_read_without_the_marks_of_data() -> None:
    messages = [
        HumanMessage("card 7"),
        AIMessage("A moment.", tool_calls=[CALL]),
        ToolMessage("<data>\ncard 7 noted\n</data>\nhow to answer", tool_call_id="1"),
    ]
    assert context_of(messages) == [
        ("User", "card 7"),
        ("Agent", "A moment."),
        ("Agent", '[ACTION] take_card {"card": "7"}'),
        ("Observation", "card 7 noted"),
    ]


def test_a_folder_that_is_no_engine_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no learned engine"):
        make_engine(f"learned:{tmp_path}")
    (tmp_path / "engine.json").write_text('{"kind": "other", "labels": []}')
    with pytest.raises(EngineError, match="of the kind 'other'"):
        make_engine(f"learned:{tmp_path}")
