"""From the customer's choice to lines of their order, with quantities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shopbot.shop.database.views import LineView, OrderView
from shopbot.tools.shop.return_picks import Picks, find_lines

DAY = datetime(2026, 11, 1, tzinfo=UTC)
BLUE, BLACK, TEES, MUGS = 1, 2, 3, 4


def line(id: int, name: str, quantity: int = 1, returned: int = 0) -> LineView:
    return LineView(id, f"SKU-{id}", name, "clothing", quantity, 1000, False, returned)


ORDER = OrderView(
    order_number="123456",
    customer_id=1,
    status="delivered",
    ordered_at=DAY,
    shipped_at=DAY,
    delivered_at=DAY,
    expected_at=None,
    carrier="USPS",
    tracking_code="",
    note="",
    items=(
        line(BLUE, "Slim Jeans, blue"),
        line(BLACK, "Slim Jeans, black"),
        line(TEES, "Cotton T-Shirt, white", quantity=2),
        line(MUGS, "Stoneware Mug", quantity=4, returned=4),
    ),
)


def unlike(text: str, others: Sequence[str]) -> Sequence[float]:
    return [0.0] * len(others)


def pick(*requests: dict[str, Any], everything: bool = False) -> Picks:
    return find_lines({"everything": everything, "requests": list(requests), "open": None}, ORDER, unlike)


def request(words: str, quantity: int | None = None, leave_out: bool = False, **more: Any) -> dict[str, Any]:
    return {"words": words, "quantity": quantity, "leave_out": leave_out, **more}


def test_a_name_without_a_quantity_is_all_that_is_left_of_the_line() -> None:
    assert pick(request("t-shirts")).wanted == {TEES: 2}


def test_a_quantity_is_kept_as_it_was_said() -> None:
    assert pick(request("t-shirts", 1)).wanted == {TEES: 1}
    assert pick(request("t-shirts", 9)).wanted == {TEES: 9}


def test_everything_is_what_is_left_of_every_line() -> None:
    assert pick(everything=True).wanted == {BLUE: 1, BLACK: 1, TEES: 2}


def test_everything_but_one_line() -> None:
    assert pick(request("black jeans", leave_out=True), everything=True).wanted == {BLUE: 1, TEES: 2}


def test_everything_but_one_piece() -> None:
    assert pick(request("t-shirts", 1, leave_out=True), everything=True).wanted == {BLUE: 1, BLACK: 1, TEES: 1}


def test_leaving_out_ambiguous_words_leaves_out_all_they_can_mean() -> None:
    assert pick(request("jeans", leave_out=True), everything=True).wanted == {TEES: 2}


def test_words_that_fit_two_lines_are_open() -> None:
    found = pick(request("t-shirt", 1), request("jeans"))
    assert (found.open, [one.id for one in found.options]) == (1, [BLUE, BLACK])
    assert found.wanted == {TEES: 1}


def test_as_many_as_there_are_lines_means_all_of_them() -> None:
    assert pick(request("jeans", 2)).wanted == {BLUE: 1, BLACK: 1}


def test_every_one_of_what_was_offered() -> None:
    assert pick(request("jeans", every=True, among=[BLUE, BLACK])).wanted == {BLUE: 1, BLACK: 1}


def test_an_answer_is_looked_for_among_what_was_offered() -> None:
    assert pick(request("the black one", among=[BLUE, BLACK])).wanted == {BLACK: 1}


def test_an_answer_beside_the_offer_is_looked_for_in_the_whole_order() -> None:
    assert pick(request("t-shirt", 1, among=[BLUE, BLACK])).wanted == {TEES: 1}


def test_words_that_fit_nothing_are_given_back() -> None:
    found = pick(request("lawn mower"), request("blue jeans"))
    assert (found.unknown, found.wanted) == (["lawn mower"], {BLUE: 1})


def test_a_line_that_is_returned_already_is_still_found_so_that_it_can_be_refused() -> None:
    assert pick(request("mugs")).wanted == {MUGS: 1}


def test_a_number_below_the_pieces_of_several_lines_does_not_mean_all_of_them() -> None:
    mugs = replace(ORDER, items=(line(1, "Mug, blue", quantity=3), line(2, "Mug, white", quantity=2)))
    asked = {"everything": False, "requests": [request("mugs", 2)], "open": None}
    assert find_lines(asked, mugs, unlike).open == 0


def test_later_words_tell_which_of_several_lines_are_meant() -> None:
    assert pick(request("jeans", 1), request("black pair")).wanted == {BLACK: 1}
    assert pick(request("jeans", 1), request("black pair")).open is None


def test_what_is_left_out_tells_which_of_several_lines_are_meant() -> None:
    assert pick(request("jeans"), request("black ones", leave_out=True)).wanted == {BLUE: 1}


def test_all_of_a_kind_are_all_its_lines() -> None:
    assert pick(request("jeans", every=True)).wanted == {BLUE: 1, BLACK: 1}
