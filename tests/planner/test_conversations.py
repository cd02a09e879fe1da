"""The generator: deterministic, aligned, and split by wording."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.optimize.shopbot.conversations.compose import compose
from shopbot.optimize.shopbot.conversations.context import STATES, render_context, sample_context
from shopbot.optimize.shopbot.conversations.corpus import examples
from shopbot.optimize.shopbot.conversations.grammar import Piece, expand, parse
from shopbot.optimize.shopbot.conversations.items import vocabulary
from shopbot.optimize.shopbot.conversations.labels import ACTS, SPAN_KINDS
from shopbot.optimize.shopbot.conversations.noise import MANNERS, rewrite
from shopbot.optimize.shopbot.conversations.phrasebook import SPLITS, load_phrasebook, load_words
from shopbot.optimize.shopbot.conversations.slots import filler


def test_the_same_seed_writes_the_same_corpus() -> None:
    assert list(examples("train", 60, 7)) == list(examples("train", 60, 7))
    assert list(examples("train", 60, 7)) != list(examples("train", 60, 8))


@given(st.integers(0, 10**6), st.sampled_from(SPLITS))
def test_spans_lie_inside_the_message_in_order_and_on_whole_words(seed: int, split: str) -> None:
    example = compose(load_phrasebook(), split, random.Random(seed))
    end = 0
    for start, stop, kind in example.spans:
        assert end <= start < stop <= len(example.message)
        assert kind in SPAN_KINDS
        assert example.message[start:stop] == example.message[start:stop].strip()
        end = stop
    assert set(example.acts) <= set(ACTS)
    assert example.acts


@given(st.integers(0, 10**6), st.sampled_from(MANNERS))
def test_a_manner_of_writing_keeps_numbers_and_sums_as_they_are(seed: int, manner: str) -> None:
    pieces = [
        Piece("I want to return the "),
        Piece("blue jeans", "ITEM"),
        Piece(" from order "),
        Piece("#123456", "ORDER"),
    ]
    rewritten = rewrite(pieces, manner, random.Random(seed))
    assert [piece.text for piece in rewritten if piece.kind == "ORDER"] == ["#123456"]
    assert [piece.kind for piece in rewritten if piece.kind] == ["ITEM", "ORDER"]


def test_no_wording_is_in_two_splits_but_in_the_one_family_too_small_to_deal() -> None:
    shared = []
    for family in load_phrasebook().families.values():
        train, dev, test = (set(family.wordings[split]) for split in SPLITS)
        if family.acts and (train & test or train & dev or dev & test):
            assert len(train | dev | test) < 8, family.name
            shared.append(family.name)
    assert shared == ["choose_quantity"]


def test_test_products_are_never_trained_on() -> None:
    assert not set(vocabulary("train").nouns) & set(vocabulary("test").nouns)
    assert not set(vocabulary("train").plurals) & set(vocabulary("test").plurals)


def test_the_vocabulary_is_wide() -> None:
    words = load_words("products")
    assert len({*words["nouns"], *words["plural_only"]}) >= 250


def test_every_act_has_wordings_and_every_wording_parses() -> None:
    book = load_phrasebook()
    assert {act for family in book.families.values() for act in family.acts} == set(ACTS)
    for family in book.families.values():
        for split in SPLITS:
            assert family.wordings[split], family.name
            for wording in family.wordings[split]:
                expand(wording, random.Random(1), filler(split))


@pytest.mark.parametrize("phrase", ["(a|b", "[a", "a)", "{order"])
def test_a_broken_phrase_is_named(phrase: str) -> None:
    with pytest.raises(ValueError, match="phrase"):
        parse(phrase)


def test_the_context_says_what_is_awaited_wanted_and_known() -> None:
    assert render_context("order_number", "return", ["email"]) == "asked for: order_number. goal: return. known: email."
    assert render_context(None, None, []) == "asked for: nothing. goal: none. known: nothing."


def test_every_state_has_a_context() -> None:
    for state in STATES:
        line = sample_context(state, random.Random(3))
        assert (f"asked for: {state}" in line) == (state not in ("start", "after"))
