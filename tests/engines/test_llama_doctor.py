"""The doctor says what a local model is and how fast it is here, or what the machine could run."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopbot.apps.doctor_llama import check_local_models
from shopbot.engines import EngineError
from shopbot.shop.settings import load_settings


def test_without_a_local_model_it_says_what_fits() -> None:
    found = check_local_models(load_settings(engine="planner"))
    assert found.startswith("none chosen (")
    assert "cores" in found
    assert "GB free" in found


@pytest.mark.parametrize("spec", ["llama:{}", "react:llama:{}", "cascade:planner,llama:{}"])
def test_the_chosen_model_is_measured_wherever_it_stands(spec: str, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
    pytest.importorskip("gguf", reason="gguf is not installed: pip install gguf")
    from tiny_gguf import write_tiny_gguf

    file = write_tiny_gguf(tmp_path / "tiny.gguf", layers=1, context=512)
    found = check_local_models(load_settings(engine=spec.format(file)))
    assert found.startswith(f"{file}: llama")
    assert "context 512 tokens" in found
    assert "tokens a second and writes" in found


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(EngineError, match=r"'/nowhere/x\.gguf' cannot be read"):
        check_local_models(load_settings(engine="llama:/nowhere/x.gguf"))
