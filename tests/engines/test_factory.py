"""An engine spec names an engine, or one sentence says what it may name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shopbot.engines import EngineError, make_engine


def test_planner_is_the_embedded_engine() -> None:
    assert make_engine("planner")._llm_type == "planner"


def test_a_hosted_model_is_named_after_the_colon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    engine = make_engine("openai:org/model:latest")
    assert engine.model_name == "org/model:latest"  # type: ignore[attr-defined]


def test_the_first_name_of_a_learned_engine_still_works(tmp_path: Path) -> None:
    for spec in (f"learned:{tmp_path}", f"planner:{tmp_path}"):
        with pytest.raises(EngineError, match=f"^The engine is 'learned:{tmp_path}', but .* is no learned engine"):
            make_engine(spec)


@pytest.mark.parametrize("spec", ["", "foo", "openai", "openai:", "script:", "PLANNER"])
def test_any_other_spec_is_named_with_what_is_allowed(spec: str) -> None:
    with pytest.raises(EngineError) as refusal:
        make_engine(spec)
    assert str(refusal.value).startswith(f"The engine is {spec!r}; it must be planner, learned:FOLDER, openai:MODEL, ")


def test_importing_engines_loads_nothing_heavy() -> None:
    code = "import sys, engines; print({'langchain_core', 'langchain_openai', 'onnxruntime'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"
