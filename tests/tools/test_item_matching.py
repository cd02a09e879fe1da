"""Which line of an order the customer's words mean."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.tools.shop.item_matching import Line, is_pronoun, match, names_something

BLUE = Line(1, "Slim Jeans, blue, W32 L34")
BLACK = Line(2, "Slim Jeans, black, W32 L34")
BELT = Line(3, "Leather Belt, brown, L")
TEE = Line(4, "Organic Cotton T-Shirt, white, M")
LINES = [BLUE, BLACK, BELT, TEE]


def meaning_of_trousers(text: str, others: Sequence[str]) -> Sequence[float]:
    """Similarities as an encoder gives them: trousers are near to jeans and to nothing else."""
    return [0.7 if "jeans" in other.casefold() and "trousers" in text else 0.1 for other in others]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("the belt", [BELT]),
        ("belts", [BELT]),
        ("the blue ones", [BLUE]),
        ("black jeans", [BLACK]),
        ("my black one please", [BLACK]),
        ("T-SHIRT", [TEE]),
        ("t shirts", [TEE]),
        ("the white cotton tee shirt", [TEE]),
        ("jeasn", [BLUE, BLACK]),
        ("jeens", [BLUE, BLACK]),
        ("lether belt", [BELT]),
        ("jeans", [BLUE, BLACK]),
        ("the L belt", [BELT]),
    ],
)
def test_words_mean_the_lines_that_fit_best(words: str, meant: list[Line]) -> None:
    assert match(words, LINES) == meant


@pytest.mark.parametrize("words", ["lawn mower", "123", "'; DROP TABLE orders; --"])
def test_words_that_fit_nothing_mean_nothing(words: str) -> None:
    assert match(words, LINES) == []


def test_a_slip_in_the_first_letter_is_another_word() -> None:
    assert match("dress", [Line(1, "French Press, 34 oz")]) == []


def test_words_that_name_nothing_can_mean_any_line() -> None:
    assert match("the other one", LINES) == LINES


def test_meaning_decides_when_no_word_fits() -> None:
    assert match("trousers", LINES, meaning_of_trousers) == [BLUE, BLACK]


def test_meaning_is_not_asked_when_a_word_fits() -> None:
    assert match("belt trousers", LINES, meaning_of_trousers) == [BELT]


def test_a_meaning_that_is_far_from_all_lines_is_none() -> None:
    assert match("surfboard", LINES, meaning_of_trousers) == []


def test_an_empty_order_has_nothing_to_mean() -> None:
    assert match("jeans", [], meaning_of_trousers) == []


@given(words=st.text(max_size=80))
def test_any_text_means_lines_of_the_order_and_nothing_else(words: str) -> None:
    assert set(match(words, LINES)) <= set(LINES)


@given(line=st.sampled_from(LINES))
def test_a_line_is_always_found_by_its_own_name(line: Line) -> None:
    assert match(line.name, LINES) == [line]


@pytest.mark.parametrize(("words", "points"), [("it", True), ("them", True), ("both of them", True), ("jeans", False)])
def test_pronouns_point_at_what_was_spoken_of(words: str, points: bool) -> None:
    assert is_pronoun(words) is points


@pytest.mark.parametrize(("words", "names"), [("the other one", False), ("the blue one", True), ("", False)])
def test_fillers_name_nothing(words: str, names: bool) -> None:
    assert names_something(words) is names


@pytest.mark.parametrize(
    ("words", "meant"),
    [("the first one", BLUE), ("the second jeans", BLACK), ("last one", TEE), ("number 3", BELT), ("item #2", BLACK)],
)
def test_a_place_in_the_list_means_the_line_that_stands_there(words: str, meant: Line) -> None:
    assert match(words, LINES) == [meant]


def test_a_place_beyond_the_list_means_nothing() -> None:
    assert match("the sixth one", LINES) == []


def test_the_kind_of_product_is_tried_when_no_name_has_the_word() -> None:
    book = Line(5, "Knots and Splices (paperback)", "books")
    assert match("the book", [*LINES, book]) == [book]


@pytest.mark.parametrize(("words", "meant"), [("blk jeans", [BLACK]), ("tees", [TEE])])
def test_short_forms_stand_for_words_of_the_names(words: str, meant: list[Line]) -> None:
    assert match(words, LINES) == meant


def test_a_number_alone_names_nothing() -> None:
    assert not names_something("3")
    assert is_pronoun("2x")
