"""The same conversations with a local model: a tiny one with random weights cannot decide, so at each call the grammar
leaves it nothing but what the embedded engine proposed. Prompt, decoding under the grammar and reading are real."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
pytest.importorskip("gguf", reason="gguf is not installed: pip install gguf")

from judge import play_and_judge
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from recorded_proposals import Proposals
from scripted import Script
from test_over_http import SCRIPTS

from shopbot.engines import make_engine
from shopbot.engines.llama.answer_grammar import CALL, CALL_ENDS
from shopbot.engines.llama.literals import quoted
from shopbot.engines.llama.model import LlamaEngine

sys.path.append(str(Path(__file__).parent.parent / "engines"))
from tiny_gguf import write_tiny_gguf


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    """Held open, so that all conversations share what is evaluated once."""
    file = write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=1)
    engine = make_engine(f"llama:{file}")
    assert isinstance(engine, LlamaEngine)
    yield engine


SOME = SCRIPTS[::8]
"""What they leave behind is the same for every engine (`test_over_http`); here the local engine's own path matters."""


@pytest.mark.parametrize("script", SOME, ids=[script.name for script in SOME])
def test_a_conversation_leaves_behind_the_same_over_llama(
    script: Script,
    model: LlamaEngine,
    shop_folder: Path,
    proposals: Callable[[Script], Proposals],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dictation = Dictation(proposals(script))
    for method in ("_generate", "_stream"):
        monkeypatch.setattr(LlamaEngine, method, under(dictation, getattr(LlamaEngine, method)))
    play_and_judge(script, shop_folder, monkeypatch, engine=f"llama:{model.runtime.file}")
    assert dictation.left == []


class Dictation:
    """The grammar of each answer: exactly what was recorded; told that a reply does not hold, what has a citation."""

    def __init__(self, recorded: Proposals) -> None:
        self.left = [written(proposal) for proposal in recorded]
        self._last = ""

    def __call__(self, messages: Sequence[BaseMessage]) -> str:
        told = messages[-1]
        if isinstance(told, HumanMessage) and told.text.startswith("That does not hold: "):
            cited = "\n\n".join(part for part in self._last.split("\n\n") if "[" in part)
            return f"root ::= {quoted(cited)}"
        self._last = self.left.pop(0)
        return f"root ::= {quoted(self._last)}"


def under(dictation: Dictation, method: Callable[..., Any]) -> Callable[..., Any]:
    """The engine's own method, with the grammar dictated."""

    def dictated(self: LlamaEngine, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        return method(self, messages, *args, **{**kwargs, "grammar": dictation(messages)})

    return dictated


def written(proposal: AIMessage) -> str:
    """The proposal as the model has to write it."""
    calls = [json.dumps({"name": call["name"], "arguments": call["args"]}) for call in proposal.tool_calls]
    return "\n".join([*([proposal.text] if proposal.text else []), *(f"{CALL}\n{call}\n{CALL_ENDS}" for call in calls)])
