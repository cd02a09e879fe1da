"""What is made of a reading: corrections, pieces, what stays, and what the reader missed."""

from __future__ import annotations

import pytest

from shopbot.engines.protocol import Briefing
from shopbot.engines.shopbot.proposals import everything, items, order_number
from shopbot.engines.shopbot.reader import Reading, Span
from shopbot.engines.shopbot.understanding import with_plain_values


def reading(message: str, acts: str, **spans: str) -> Reading:
    """A reading in which the words given are marked, those of one kind separated by a slash."""
    found = [
        Span(kind, text, message.index(text), message.index(text) + len(text), 0.9)
        for kind, texts in spans.items()
        for text in texts.split("/")
    ]
    performed = frozenset(acts.split())
    return Reading(dict.fromkeys(performed, 0.9), tuple(found), performed)


def briefing(awaiting: str, *known: str, names: tuple[str, ...] = ()) -> Briefing:
    return Briefing(
        facts={"order": {"items": [{"name": name} for name in names]}},
        goals=["arrange_return"],
        plan=[],
        next=None,
        awaiting=awaiting,
        turn_start={"awaiting": awaiting, "goal": "arrange_return", "known": list(known)},
        asked=awaiting,
        allowed=[],
        blocked={},
        confirm=[],
    )


@pytest.mark.parametrize(
    "message",
    ["it is 111222, no sorry, 123456", "111222 ... oops 123456", "not 111222 but 123456", "123456 and not 111222"],
)
def test_of_two_order_numbers_the_one_stands_that_is_not_taken_back(message: str) -> None:
    read = reading(message, "give_order_number", ORDER="111222/123456")
    assert order_number(message, read) == {"order_number": "123456"}


@pytest.mark.parametrize(
    ("message", "named", "expected"),
    [
        ("the hat, no wait, the belt", "hat/belt", [("belt", None, False)]),
        ("the mugs, I mean the red ones", "mugs/red ones", [("red ones", None, False)]),
        ("the belt, not the hat", "belt/hat", [("belt", None, False), ("hat", None, True)]),
        ("a hat and the belt", "hat/belt", [("hat", 1, False), ("belt", None, False)]),
        ("only a single hat", "single hat", [("single hat", 1, False)]),
    ],
)
def test_items_are_read_with_what_the_words_around_them_say(
    message: str, named: str, expected: list[tuple[str, int | None, bool]]
) -> None:
    read = items(message, reading(message, "choose_items", ITEM=named))
    assert read is not None
    assert [(one["words"], one["quantity"], one["leave_out"]) for one in read["items"]] == expected


def test_everything_but_two_items_leaves_out_both() -> None:
    message = "everything except the hat and the belt"
    read = everything(message, reading(message, "choose_everything remove_items", ITEM="hat/belt"))
    assert read is not None
    assert [one["words"] for one in read["items"] if one["leave_out"]] == ["hat", "belt"]


def test_all_of_one_kind_is_not_the_whole_order() -> None:
    message = "all the hats"
    read = everything(message, reading(message, "choose_everything remove_items", ITEM="hats"))
    assert read == {"items": [{"words": "hats", "quantity": None, "leave_out": False, "every": True}], "add": False}


def test_a_typed_address_that_the_reader_missed_is_still_seen() -> None:
    message = "Ann here (ann@example.com)"
    seen = with_plain_values(reading(message, "unclear"), message, briefing("email"))
    assert (seen.performed, [span.text for span in seen.spans]) == ({"give_email"}, ["ann@example.com"])


def test_an_address_is_not_looked_for_once_the_customer_is_known() -> None:
    message = "send it to eve@example.com"
    read = reading(message, "unclear")
    assert with_plain_values(read, message, briefing("items", "customer")) == read


def test_a_product_of_the_order_that_the_reader_missed_is_still_seen() -> None:
    message = "letters from the noth woods"
    asked = briefing("items", "customer", "order", names=("Letters from the North Woods (hardcover)", "Wool Hat"))
    seen = with_plain_values(reading(message, "unclear"), message, asked)
    assert (seen.performed, [span.text for span in seen.spans]) == ({"choose_items"}, [message])


def test_a_zip_code_is_no_order_number() -> None:
    message = "I live at 12 Elm Street, Portland, ME 04101, the order is 123456"
    spans = (spanned(message, "04101", "ORDER", 0.9), spanned(message, "123456", "ORDER", 0.8))
    assert order_number(message, Reading({}, spans)) == {"order_number": "123456"}
    assert (
        order_number("Portland, ME 04101", Reading({}, (spanned("Portland, ME 04101", "04101", "ORDER", 0.9),))) is None
    )


def spanned(message: str, text: str, kind: str, score: float) -> Span:
    start = message.index(text)
    return Span(kind, text, start, start + len(text), score)
