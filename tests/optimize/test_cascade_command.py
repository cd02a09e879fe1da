"""`shopbot optimize cascade` chooses a threshold on recorded decisions and writes it where a cascade finds it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from shopbot.apps.optimize.cascade import cascade
from shopbot.engines.cascade.thresholds import load_thresholds
from shopbot.engines.recording.trace_format import Trace, to_line

app = typer.Typer()
app.command()(cascade)


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """Twenty sure decisions that held, five unsure ones that did not, four of an expensive engine that did."""
    rows = [Trace("c", n, (), (), "look", score=0.9, engine="planner") for n in range(20)]
    rows += [Trace("c", n, (), (), "look", score=0.3, engine="planner", outcome="refused") for n in range(5)]
    rows += [Trace("c", n, (), (), None, engine="openai:x", outcome="replied") for n in range(4)]
    file = tmp_path / "traces.jsonl"
    file.write_text("".join(f"{to_line(row)}\n" for row in rows))
    return file


def test_the_threshold_is_chosen_on_traces_and_read_by_a_cascade(traces: Path, tmp_path: Path) -> None:
    into = tmp_path / "thresholds.json"
    given = ["--traces", str(traces), "--expensive", "openai:x", "--into", str(into), "--json"]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["chosen"] == {
        "threshold": 0.9, "passed_on": pytest.approx(0.2), "accuracy": 1.0,
        "cost": pytest.approx(0.0004), "seconds": pytest.approx(0.31),
    }  # fmt: skip
    assert [point["threshold"] for point in printed["curve"][:2]] == [0.3, 0.9]
    assert load_thresholds(["planner", "openai:x"], into) == [0.9, 0.9]


def test_the_table_is_printed_and_the_curve_drawn(traces: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    plot, into = tmp_path / "plots" / "curve.png", tmp_path / "t.json"
    result = CliRunner().invoke(app, ["--traces", str(traces), "--into", str(into), "--plot", str(plot)])
    assert result.exit_code == 0, result.output
    assert "**0.9000**" in result.stdout
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "No such file"), ("{}\n", "line 1"), ("", "hold no decision of 'planner' with a score")],
)
def test_unusable_traces_are_one_sentence(content: str | None, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    if content is not None:
        file.write_text(content)
    result = CliRunner().invoke(app, ["--traces", str(file), "--into", str(tmp_path / "t.json")])
    assert result.exit_code == 1
    assert complaint in result.output
    assert not (tmp_path / "t.json").exists()
