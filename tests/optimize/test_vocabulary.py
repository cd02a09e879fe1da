"""Trimming a vocabulary: the domain's text keeps its pieces, any other text still has some."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

torch = pytest.importorskip("torch", reason="needs the optimize extra")

from shopbot.optimize.compression.vocabulary import common_tokens, trim_table, trim_tokenizer, used_tokens  # noqa: E402

_DOMAIN = (
    "I want to send the jeans back, order 123456 please!",
    "Where is my parcel? It was supposed to arrive on tuesday…",
    "unbelievable: refunding overcharged purchases",
)
_OTHER = (
    "other words entirely, whether whither weather",
    "mountains of golden butterflies dancing nightly",
    "a quick brown fox",
)


def _byte_level() -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*_DOMAIN * 3, *_OTHER] * 2, trainer)
    return str(tokenizer.to_str())


@pytest.fixture(scope="module")
def trimmed() -> dict[str, tuple[Any, Any, list[int]]]:
    """Both kinds of tokenizer, before and after, with the ids kept."""
    from pathlib import Path

    file = Path(__file__).parents[2] / "engines" / "embedding" / "weights" / "tokenizer.json"
    made = {}
    for kind, text in {"wordpiece": file.read_text(encoding="utf-8"), "bpe": _byte_level()}.items():
        smaller, kept = trim_tokenizer(text, used_tokens(text, _DOMAIN))
        made[kind] = (Tokenizer.from_str(text), Tokenizer.from_str(smaller), kept)
    return made


@pytest.mark.parametrize("kind", ["wordpiece", "bpe"])
def test_text_of_the_domain_keeps_its_tokens(trimmed: dict[str, Any], kind: str) -> None:
    before, after, _ = trimmed[kind]
    for text in _DOMAIN:
        assert after.encode(text).tokens == before.encode(text).tokens


@pytest.mark.parametrize("kind", ["wordpiece", "bpe"])
def test_new_ids_point_to_the_rows_that_were_kept(trimmed: dict[str, Any], kind: str) -> None:
    before, after, kept = trimmed[kind]
    for text in _DOMAIN:
        assert [kept[each] for each in after.encode(text).ids] == before.encode(text).ids


@pytest.mark.parametrize("kind", ["wordpiece", "bpe"])
def test_much_of_the_table_goes(trimmed: dict[str, Any], kind: str) -> None:
    before, after, kept = trimmed[kind]
    assert len(kept) == after.get_vocab_size() < 0.9 * before.get_vocab_size()


@given(text=st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_is_still_cut_into_pieces(trimmed: dict[str, Any], text: str) -> None:
    before, after, _ = trimmed["wordpiece"]
    unknown = before.encode(text).tokens.count("[UNK]")
    assert after.encode(text).tokens.count("[UNK]") == unknown


@given(text=st.text(max_size=40))
@settings(max_examples=80, deadline=None)
def test_bytes_lose_nothing(trimmed: dict[str, Any], text: str) -> None:
    before, after, _ = trimmed["bpe"]
    assert "".join(after.encode(text).tokens) == "".join(before.encode(text).tokens)


def test_an_unseen_word_falls_back_to_smaller_pieces(trimmed: dict[str, Any]) -> None:
    _, after, _ = trimmed["wordpiece"]
    tokens = after.encode("zebrafish").tokens[1:-1]
    assert "[UNK]" not in tokens
    assert "".join(each.removeprefix("##") for each in tokens) == "zebrafish"


def test_pairs_keep_their_special_tokens(trimmed: dict[str, Any]) -> None:
    _, after, _ = trimmed["wordpiece"]
    pair = after.encode("send the jeans", "order")
    assert pair.tokens == ["[CLS]", "send", "the", "jeans", "[SEP]", "order", "[SEP]"]
    assert [after.id_to_token(each) for each in pair.ids] == pair.tokens


def test_the_model_reads_the_same_after_trimming(tiny_bert: Any) -> None:
    kept = [0, 3, 5, 9, 30, 59]
    old_ids = torch.tensor([[3, 9, 59, 5]])
    before = tiny_bert(input_ids=old_ids)[0]
    trim_table(tiny_bert, kept)
    after = tiny_bert(input_ids=torch.tensor([[kept.index(each) for each in old_ids[0].tolist()]]))[0]
    assert torch.equal(before, after)
    assert tiny_bert.config.vocab_size == 6


def test_a_decoder_keeps_the_logits_of_the_tokens_kept(tiny_llama: Any) -> None:
    kept = [1, 2, 5, 9, 30, 59]
    before = tiny_llama(input_ids=torch.tensor([[1, 9, 59]])).logits[..., kept]
    trim_table(tiny_llama, kept)
    after = tiny_llama(input_ids=torch.tensor([[0, 3, 5]])).logits
    assert torch.allclose(before, after, atol=1e-6)


def test_spare_tokens_are_the_most_common_ones(wordpiece: str) -> None:
    assert common_tokens(wordpiece, 3, [*"!\"#$%&'()*+,-./0123456789:;<=>?@[\\]^_`", "the"])[0] == "[PAD]"
    words = [each for each in common_tokens(wordpiece, 1200) if each.isalpha() and len(each) > 1]
    assert {"the", "and", "with"} <= set(words)
    assert "zebra" not in words


def test_another_kind_of_tokenizer_is_named() -> None:
    with pytest.raises(ValueError, match="type Unigram cannot be trimmed"):
        trim_tokenizer(json.dumps({"model": {"type": "Unigram", "vocab": []}}), [])
