"""The grammar of whole utterances: what can be written in it, and what it then recognises."""

from __future__ import annotations

import pytest

from shopbot.prompts import PromptError
from shopbot.prompts.utterances import Utterances, words_of


def says(phrase: str, message: str, **slots: list[str]) -> bool:
    return Utterances([phrase], slots).match(frozenset({word}) for word in words_of(message))


@pytest.mark.parametrize("message", ["a d", "b d", "a c d", "A, c-d!"])
def test_alternatives_and_what_may_be_left_out(message: str) -> None:
    assert says("(a|b) [c] d", message)


@pytest.mark.parametrize("message", ["d", "a b d", "a d d", "d a", "a d?", "(a) d"])
def test_nothing_but_the_whole_in_its_order(message: str) -> None:
    assert not says("(a|b) [c] d", message)


@pytest.mark.parametrize("message", ["a", "a x", "a y x y"])
def test_a_star_repeats(message: str) -> None:
    assert says("a {tail}*", message, tail=["x", "y"])


def test_every_utterance_can_be_listed_once() -> None:
    assert sorted(Utterances(["(a|a b) [c]", "a b"], {}).utterances(longest=3)) == ["a", "a b", "a b c", "a c"]


@pytest.mark.parametrize(
    ("phrase", "complaint"),
    [("(a|b", "unmatched"), ("a]", "unmatched"), ("{nowhere}", "unknown slot"), ("{round}", "itself")],
)
def test_a_phrase_that_cannot_be_read_is_named(phrase: str, complaint: str) -> None:
    with pytest.raises(PromptError, match=complaint):
        Utterances([phrase], {"round": ["{round} again"]})


def test_an_emoji_keeps_its_sense_in_any_colour() -> None:
    assert words_of("❤️👍🏽") == ["❤", "👍"]
