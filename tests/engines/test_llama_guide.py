"""A guided local model: what it notes becomes calls, what is certain is read by code, nothing else can be written."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
pytest.importorskip("gguf", reason="gguf is not installed: pip install gguf")

from hosted_shopbot import said
from langgraph.checkpoint.memory import InMemorySaver
from tiny_gguf import write_tiny_gguf

from shopbot.agents import create_shopbot
from shopbot.agents.turn import Turn, read_turn
from shopbot.engines.llama.guide import Guide, _Noted
from shopbot.engines.llama.model import LlamaEngine
from shopbot.engines.llama.work import Work
from shopbot.shop.shop import Shop
from shopbot.tools.shop.services import ShopServices


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> LlamaEngine:
    return LlamaEngine(write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=1))


class Talk:
    """One conversation with ShopBot on a local model."""

    def __init__(self, engine: LlamaEngine, shop: Shop) -> None:
        self.desk = ShopServices(shop)
        self.agent: Any = create_shopbot(engine, desk=self.desk, checkpointer=InMemorySaver())
        self.state: dict[str, Any] = {}

    def say(self, words: str) -> Turn:
        self.state = self.agent.invoke(said(words), {"configurable": {"thread_id": "guided"}})
        return read_turn(self.state)

    @property
    def tokens(self) -> int:
        """Tokens that the newest turn took from the model."""
        return int(self.state["spent"]["turn"]["tokens"])


@pytest.fixture
def talk(engine: LlamaEngine, shop: Shop) -> Any:
    talking = Talk(engine, shop)
    yield talking
    talking.desk.close()


def note(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Whatever the model is asked, these are its notes."""
    monkeypatch.setattr(Guide, "_ask", lambda *_: _Noted("\n".join(lines), Work()))


def test_notes_take_a_return_to_its_question(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    note(monkeypatch, "return", "item jeans", "order 123456")
    first = talk.say("Hi, I want to send back the jeans from order 123456")
    assert first.awaiting == "email"
    monkeypatch.undo()
    second = talk.say("maria.lopez@example.com")
    assert second.actions[0].name == "take_email"
    assert second.awaiting == "confirmation"
    assert talk.tokens == 0
    assert [action.name for action in talk.say("yes please").actions] == ["arrange_return"]
    assert talk.tokens == 0


def test_a_value_among_other_words_is_the_models_to_judge(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    note(monkeypatch, "return")
    assert talk.say("I want to return something").awaiting == "order_number"
    note(monkeypatch, "stop")
    assert [action.name for action in talk.say("123456? no, forget all about it").actions] == ["cancel_return"]


def test_a_clear_no_arranges_nothing(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    note(monkeypatch, "return", "item jeans", "order 123456", "email maria.lopez@example.com")
    assert talk.say("The jeans of 123456 go back, maria.lopez@example.com").awaiting == "confirmation"
    monkeypatch.undo()
    turn = talk.say("no")
    assert turn.actions == ()
    assert "not arranged" in turn.reply


@pytest.mark.parametrize("seed", range(6))
def test_whatever_random_weights_note_passes_the_gate(talk: Talk, seed: int) -> None:
    """No call is refused: only what is allowed, well formed and grounded can be decoded. Each step is one answer."""
    for words in (
        f"I got {seed} mugs and a lamp I don't want",
        "it is A-1234, jane@example.org",
        "the lamp or the mugs",
    ):
        turn = talk.say(words)
        assert talk.state["spent"]["turn"]["calls"] == len(turn.actions) + 1


def test_a_stream_shows_the_reply_and_no_note(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    note(monkeypatch, "return", "item jeans", "order 123456")
    pieces = talk.agent.stream(
        said("The jeans of 123456 go back"), {"configurable": {"thread_id": "streamed"}}, stream_mode="messages"
    )
    shown = "".join(str(piece.text) for piece, _ in pieces if piece.type in ("ai", "AIMessageChunk"))
    assert shown.startswith("Which e-mail address is on the order?")
