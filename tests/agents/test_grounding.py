"""Grounding: no invented value passes, and none is refused for its spelling."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shopbot.agents.grounding import contains, ungrounded

numbers = st.integers(min_value=0, max_value=10**9).map(str)
LETTER = "The hearing was moved to 14 March because counsel asked for it, " * 6
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@given(number=numbers, other=numbers)
def test_a_number_that_was_not_said_is_never_grounded(number: str, other: str) -> None:
    assume(number.lstrip("0") != other.lstrip("0"))
    assume(number != other)
    assert not contains(f"my order is {other}, thanks", number)


@given(number=numbers, spelling=st.sampled_from(["{}", "#{}", "no. {}", "({})", "order{}", "ORD-{}"]))
def test_a_number_is_grounded_in_any_frame(number: str, spelling: str) -> None:
    assert contains(f"it is {spelling.format(number)} I think", number)


@given(digits=st.lists(st.integers(0, 9), min_size=2, max_size=10), separator=st.sampled_from([" ", "-", "", " - "]))
def test_a_number_is_grounded_however_its_digits_are_spaced(digits: list[int], separator: str) -> None:
    assert contains(separator.join(map(str, digits)), "".join(map(str, digits)))


@given(digits=st.lists(st.integers(0, 9), min_size=2, max_size=8))
def test_a_number_is_grounded_when_it_was_said_in_words(digits: list[int]) -> None:
    assert contains("it's " + " ".join(WORDS[d] for d in digits), "".join(map(str, digits)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Jane.Doe@Example.COM", "jane.doe@example.com"),
        ("jane dot doe at example dot com", "jane.doe@example.com"),
        ("two of the T-Shirts", 2),
        ("the blue jeans please", "Blue jean"),
        ("it cost $1,299.00", 1299),
        ("a pair of socks", "socks"),
        (LETTER, LETTER),
    ],
)
def test_spelling_does_not_matter(text: str, value: str | int) -> None:
    assert contains(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("jane@example.com", "john@example.com"),
        ("jane@example.com", "jane@example.co"),
        ("order 1234567", "123456"),
        ("order 123456", "1234567"),
        ("the jeans", "black jeans"),
        ("one shirt", 3),
    ],
)
def test_invention_does(text: str, value: str | int) -> None:
    assert not contains(text, value)


@pytest.mark.parametrize(
    "said", ["wanda.kowalski@posteo.de", "wanda-kowalski @ posteo.de.", "it's x+kowalski@posteo.de"]
)
def test_part_of_an_address_is_another_address(said: str) -> None:
    assert not contains(f"write to {said}", "kowalski@posteo.de")


@pytest.mark.parametrize(
    "said",
    ["kowalski@posteo.de.", "Kowalski at posteo dot de", "a.b@c.de, no: kowalski@posteo.de", "<kowalski @ posteo.de>"],
)
def test_a_whole_address_is_grounded_as_it_is_said(said: str) -> None:
    assert contains(f"write to {said}", "kowalski@posteo.de")


def test_every_leaf_of_a_nested_value_is_checked() -> None:
    value = {"items": [{"words": "jeans", "quantity": 2}, {"words": "hat", "quantity": None, "leave_out": True}]}
    assert ungrounded(value, ["two jeans"]) == ["hat"]
