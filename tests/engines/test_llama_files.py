"""A file that cannot be run, or a prompt that does not fit, is one sentence with the way out."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
pytest.importorskip("gguf", reason="gguf is not installed: pip install gguf")

from langchain_core.messages import HumanMessage, SystemMessage
from tiny_gguf import write_tiny_gguf

from shopbot.engines import EngineError, make_engine
from shopbot.engines.llama.model import LlamaEngine
from shopbot.engines.protocol import DEADLINE


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=1, context=512)


def test_a_missing_file_is_one_sentence() -> None:
    with pytest.raises(
        EngineError, match=r"^The model '/nowhere/x\.gguf' cannot be read \(No such file .*\): give .*\.$"
    ):
        make_engine("llama:/nowhere/x.gguf")


def test_a_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"cannot be read \(Is a directory\)"):
        make_engine(f"llama:{tmp_path}")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"{}"])
def test_a_file_of_another_kind_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(content)
    with pytest.raises(EngineError, match=r"is no GGUF file: .*convert it first\.$"):
        make_engine(f"llama:{tmp_path / 'x.gguf'}")


@pytest.mark.parametrize("share", [0.0001, 0.05, 0.5, 0.99])
def test_a_file_cut_short_is_one_sentence(share: float, file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    (tmp_path / "x.gguf").write_bytes(whole[: max(4, int(len(whole) * share))])
    with pytest.raises(EngineError, match=r"cannot be loaded \(.+\): fetch it again, or take another file\.$"):
        make_engine(f"llama:{tmp_path / 'x.gguf'}")


def test_without_the_package_the_extra_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(EngineError, match=r"needs xllamacpp, .*: pip install 'shopbot\[local\]'\.$"):
        LlamaEngine(file, context=256)


def test_a_prompt_longer_than_the_context_is_one_sentence(file: Path) -> None:
    engine = LlamaEngine(file)
    with pytest.raises(
        EngineError, match=r"The model's context leaves 256 tokens .* use a model with a longer context"
    ):
        engine.invoke([SystemMessage("word " * 2000), HumanMessage("hello")])


def test_a_grammar_that_cannot_be_read_is_one_sentence(file: Path) -> None:
    with pytest.raises(EngineError, match="cannot read the grammar"):
        LlamaEngine(file).invoke("hello", grammar="root ::= (")


def test_after_the_deadline_it_stops(file: Path) -> None:
    late = SystemMessage("Hurry.", additional_kwargs={DEADLINE: time.monotonic() - 1})
    with pytest.raises(EngineError, match="its time was up"):
        LlamaEngine(file).invoke([late, HumanMessage("hello")])


@pytest.mark.parametrize("template", [None, "{{ raise_exception('no') }}", "{{ broken", "nothing of what was said"])
def test_without_a_template_that_works_chatml_is_used(template: str | None, tmp_path: Path) -> None:
    engine = LlamaEngine(write_tiny_gguf(tmp_path / "x.gguf", layers=1, context=512, chat_template=template))
    timings = engine.invoke("hello", longest_answer=8).response_metadata["timings"]
    assert timings["prompt_tokens"] > 5
