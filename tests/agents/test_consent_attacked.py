"""Sentences made of the grammar's own agreeing words that are no consent: none is read as a yes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.agents.consent import is_clear_yes
from shopbot.prompts.consent import Answer, read_answer
from tests.agents.consent_cases import AGREEING, KINDS, Case, distinct_cases, some_cases

SPOILERS = ["not", "don't", "never", "if", "but", "unless", "maybe", "later", "he", "42", "?", '"', "bob@example.com"]


def test_there_are_twenty_thousand_of_them() -> None:
    assert len(distinct_cases()) >= 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_consent_is_not_read_as_one(kind: str) -> None:
    chosen: list[Case] = some_cases(200, seed=7, kind=kind)
    assert [case.text for case in chosen if is_clear_yes(case.text)] == []


@given(st.lists(AGREEING, min_size=1, max_size=3), st.sampled_from(SPOILERS), st.data())
def test_one_word_that_is_not_in_the_grammar_spoils_any_yes(
    agreeing: list[str], spoiler: str, data: st.DataObject
) -> None:
    words = " ".join(agreeing).split()
    words.insert(data.draw(st.integers(0, len(words))), spoiler)
    assert not is_clear_yes(" ".join(words))


@given(AGREEING.filter(str.isascii), st.characters(categories=["L", "M", "N", "Cf"], min_codepoint=128))
def test_a_letter_of_another_alphabet_is_no_letter_of_a_yes(core: str, letter: str) -> None:
    assert not is_clear_yes(core[:1] + letter + core[1:])


@given(st.text(max_size=300))
def test_any_text_whatever_has_an_answer(text: str) -> None:
    assert isinstance(read_answer(text), Answer)


@given(AGREEING)
def test_an_agreeing_utterance_is_never_a_no(core: str) -> None:
    assert read_answer(core) is not Answer.NO
