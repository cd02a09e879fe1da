"""The replay of recorded conversations: it reads what models write, and judges by what a write changes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.replay.apply import right_effects
from benchmarks.replay.chart import draw
from benchmarks.replay.conversation import replay
from benchmarks.replay.environment import Environment, environment
from benchmarks.replay.judge import Kind, judge
from benchmarks.replay.report import Ablation, replay_all
from benchmarks.replay.runs import Run, ToolUse, read_tau
from tests.examples.recorded import recorded


@pytest.fixture
def shop() -> Environment:
    recorded("tau/retail_db.json.gz")
    return environment("retail")


@pytest.fixture
def run(shop: Environment) -> Run:
    """The first recorded conversation with a write."""
    return next(run for run in shop.read(recorded("tau/retail_runs.jsonl.gz")) if any(map(shop.writes, _names(run))))


def _names(run: Run) -> list[str]:
    return [use.name for said in run.messages for use in said.calls]


def test_the_habits_of_models_are_read(tmp_path: Path) -> None:
    calls = [{"id": "c", "name": "a", "arguments": '{"x": 1}'}, {"id": "c", "name": "b", "arguments": "no json"}]
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "call_id": "c", "content": "one"},
        {"role": "tool", "call_id": "c", "content": [{"type": "text", "text": "Error: two"}]},
        {"role": "assistant", "content": "bye", "calls": [{"name": "c", "arguments": None}]},
    ]
    file = tmp_path / "runs.jsonl"
    file.write_text(json.dumps({"messages": messages}))
    [read] = read_tau(file)
    uses = [use for said in read.messages for use in said.calls]
    assert uses == [ToolUse("a", {"x": 1}, "one"), ToolUse("b", {}, "Error: two"), ToolUse("c", {})]
    assert [use.failed for use in uses] == [False, True, True]


def test_a_recorded_conversation_comes_out_as_it_was(shop: Environment, run: Run) -> None:
    assert all(compared.same for compared in replay_all([run], shop).compared)


def test_a_right_write_passes_and_the_plain_loop_stops_nothing(shop: Environment, run: Run) -> None:
    assert replay_all([run], shop).summary()["right_refused"] == 0
    plain = shop
    for part in ("grounding", "needs", "confirmation", "rules"):
        plain = plain.without(part)
    assert not any(write.stopped for write in replay_all([run], plain, full=False).writes)


def test_a_write_is_wrong_when_it_changes_something_else(shop: Environment, run: Run) -> None:
    right = [effect for _, effect in right_effects(replace(run, gold=()), shop)]
    kinds = [judge(p, right).kind for p in replay(run, shop) if shop.writes(p.use.name)]
    assert kinds
    assert Kind.RIGHT not in kinds


@pytest.fixture
def desk() -> Environment:
    recorded("state_bench/policies.json")
    return environment("state_bench")


def test_a_preview_and_its_write_are_told_apart_by_what_was_confirmed(desk: Environment) -> None:
    names = {name for run in desk.read(desk.file)[:10] for name in _names(run)}
    assert {"preview_return", "process_return"} <= names
    assert names <= desk.actions.keys()


def test_what_the_recorded_tools_reckoned_is_reckoned_again(desk: Environment) -> None:
    runs = [run for run in desk.read(desk.file) if "preview_return" in _names(run)][:10]
    previews = [each for run in runs for each in replay_all([run], desk).compared if "preview" in each.use.name]
    assert previews
    assert all(each.same for each in previews)


def test_the_summary_has_the_keys_that_others_read(shop: Environment, run: Run) -> None:
    keys = "runs fidelity writes wrong_writes wrong_stopped right_writes right_refused gold_writes gold_blocked"
    assert list(replay_all([run], shop).summary()) == [*keys.split(), "near_misses", "ms"]


def test_a_write_that_was_listed_and_agreed_to_is_a_kind_of_its_own(shop: Environment, run: Run) -> None:
    write = next(p for p in replay(run, shop) if shop.writes(p.use.name) and p.effect)
    chosen = replace(write, asked="Shall I do it?", answered="Yes, go ahead.", listed=True)
    assert judge(chosen, []).kind is Kind.CHOSEN
    assert judge(replace(chosen, listed=False), []).kind is Kind.UNLIKE


def test_the_chart_shows_each_contract_of_each_domain(tmp_path: Path) -> None:
    rows = [Ablation("whole", 9, 10, 1, 2, 20), Ablation("none", 0, 10, 0, 0, 20)]
    draw({"shop": rows, "desk": rows}, tmp_path / "chart.svg")
    assert len(re.findall(">(whole|none)<", (tmp_path / "chart.svg").read_text())) == 4
