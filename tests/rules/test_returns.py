"""What can be returned: every rule, its edges, and what holds for all orders."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbot.shop.database.views import LineView, OrderView
from shopbot.shop.returns import Decision, decide, decide_remaining, refund_total
from shopbot.shop.rules import load_return_rules

RULES = load_return_rules()
DELIVERED = datetime(2026, 3, 1, 17, 45, tzinfo=UTC)
LINE = 7


def test_an_ordinary_item_comes_back_for_what_was_paid() -> None:
    decision = _one(_order(_line(quantity=3, unit_price=1995)), quantity=2)

    assert (decision.refused, decision.quantity, decision.refund_cents) == (None, 2, 3990)
    assert decision.returnable_until == date(2026, 3, 31)


@pytest.mark.parametrize(("category", "days"), [("clothing", 30), ("electronics", 14), ("plants", 7)])
def test_the_last_day_of_the_window_still_counts_and_the_next_does_not(category: str, days: int) -> None:
    order = _order(_line(category=category))
    last = (DELIVERED + timedelta(days=days)).replace(hour=23, minute=59)

    assert _one(order, now=last).refused is None
    refused = _one(order, now=last + timedelta(minutes=1)).refused
    assert refused is not None
    assert (refused.rule, refused.window_days, refused.returnable_until) == ("window_closed", days, last.date())
    assert refused.policy_key == RULES.window.of(category).policy


def test_the_day_is_counted_in_utc_wherever_the_clock_is() -> None:
    midnight = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)

    refused = _one(_order(_line()), now=midnight.astimezone(timezone(timedelta(hours=-8)))).refused

    assert refused is not None and refused.rule == "window_closed"


def test_a_final_sale_item_stays_sold() -> None:
    assert _refusal(_line(final_sale=True)) == ("final_sale", "returns#final-sale")


def test_a_gift_card_cannot_come_back() -> None:
    assert _refusal(_line(category="gift cards")) == ("non_returnable", "returns#what-cannot-be-returned")


@pytest.mark.parametrize("status", ["processing", "shipped", "cancelled"])
def test_what_has_not_arrived_cannot_come_back(status: str) -> None:
    refused = _one(_order(_line(), status=status, delivered_at=None)).refused

    assert refused is not None
    assert (refused.rule, refused.order_status) == ("not_delivered", status)
    assert refused.policy_key == "returns#orders-not-yet-delivered"


def test_a_delivered_order_without_a_date_counts_as_not_delivered() -> None:
    refused = _one(_order(_line(), delivered_at=None)).refused

    assert refused is not None and refused.rule == "not_delivered"


def test_what_came_back_already_cannot_come_back_again() -> None:
    assert _refusal(_line(quantity=2, returned=2)) == ("already_returned", "returns#items-already-returned")


def test_the_units_that_are_left_can_still_come_back() -> None:
    order = _order(_line(quantity=3, returned=1, unit_price=1000))

    assert _one(order, quantity=2).refund_cents == 2000
    refused = _one(order, quantity=3).refused
    assert refused is not None
    assert (refused.rule, refused.quantity, refused.remaining) == ("too_many", 3, 2)


def test_more_than_was_ordered_cannot_come_back() -> None:
    refused = _one(_order(_line(quantity=1)), quantity=2).refused

    assert refused is not None
    assert (refused.rule, refused.remaining, refused.policy_key) == ("too_many", 1, None)


def test_a_line_of_another_order_is_unknown() -> None:
    decision = decide(_order(_line()), {999: 1}, DELIVERED, RULES)[0]

    assert decision.refused is not None and decision.refused.rule == "unknown_line"
    assert decision.refund_cents == 0


def test_everything_means_the_units_that_are_left() -> None:
    order = _order(_line(1, quantity=3, returned=1), _line(2, final_sale=True), _line(3, quantity=1, returned=1))

    decisions = decide_remaining(order, DELIVERED, RULES)

    assert [(one.quantity, one.refused.rule if one.refused else None) for one in decisions] == [
        (2, None),
        (0, "final_sale"),
        (0, "already_returned"),
    ]


@pytest.mark.parametrize("quantity", [0, -1])
def test_fewer_than_one_unit_is_a_mistake_of_the_caller(quantity: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        _one(_order(_line()), quantity=quantity)


def test_a_moment_without_a_time_zone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        _one(_order(_line()), now=datetime(2026, 3, 2))


lines = st.builds(
    LineView,
    id=st.integers(1, 5),
    sku=st.just("X"),
    name=st.text(min_size=1, max_size=5),
    category=st.sampled_from(["clothing", "electronics", "gift cards", "plants", ""]),
    quantity=st.integers(1, 9),
    unit_price=st.integers(0, 10**9),
    final_sale=st.booleans(),
    returned=st.integers(0, 12),
)
orders = st.builds(
    lambda items, status, delivered: _order(*items, status=status, delivered_at=delivered),
    st.lists(lines, max_size=5, unique_by=lambda line: line.id),
    st.sampled_from(["processing", "shipped", "delivered", "cancelled"]),
    st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC)),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 5, 1), timezones=st.just(UTC))
requests = st.dictionaries(st.integers(1, 6), st.integers(1, 12), max_size=6)


@settings(max_examples=60)
@given(orders, requests, moments)
def test_every_request_is_answered_once_and_a_refund_is_exactly_what_was_paid(
    order: OrderView, requested: dict[int, int], now: datetime
) -> None:
    decisions = decide(order, requested, now, RULES)
    prices = {line.id: line.unit_price for line in order.items}

    assert [one.order_item_id for one in decisions] == list(requested)
    for one in decisions:
        expected = 0 if one.refused else requested[one.order_item_id] * prices[one.order_item_id]
        assert one.refund_cents == expected
    assert refund_total(decisions) == sum(one.refund_cents for one in decisions)


@settings(max_examples=60)
@given(orders, requests, moments)
def test_nothing_comes_back_that_is_not_the_customers_to_return(
    order: OrderView, requested: dict[int, int], now: datetime
) -> None:
    of_order = {line.id: line for line in order.items}
    for one in decide(order, requested, now, RULES):
        if one.refused is None:
            line = of_order[one.order_item_id]
            assert order.status == "delivered" and order.delivered_at is not None
            assert 1 <= one.quantity <= line.quantity - line.returned
            assert not line.final_sale and line.category != "gift cards"
            assert (now.date() - order.delivered_at.date()).days <= RULES.window.of(line.category).days


@settings(max_examples=60)
@given(orders, requests, moments, st.integers(0, 60))
def test_what_cannot_come_back_today_cannot_come_back_later(
    order: OrderView, requested: dict[int, int], now: datetime, days: int
) -> None:
    later = decide(order, requested, now + timedelta(days=days), RULES)
    for today, then in zip(decide(order, requested, now, RULES), later, strict=True):
        assert then.refused is not None or today.refused is None


def _line(
    number: int = LINE,
    category: str = "clothing",
    quantity: int = 1,
    unit_price: int = 5990,
    final_sale: bool = False,
    returned: int = 0,
) -> LineView:
    return LineView(number, "CLO-001", "Jeans", category, quantity, unit_price, final_sale, returned)


def _order(*items: LineView, status: str = "delivered", delivered_at: datetime | None = DELIVERED) -> OrderView:
    ordered = datetime(2026, 2, 20, tzinfo=UTC)
    return OrderView("123456", 1, status, ordered, None, delivered_at, None, "USPS", "", "", items)


def _one(order: OrderView, quantity: int = 1, now: datetime = DELIVERED + timedelta(days=5)) -> Decision:
    return decide(order, {LINE: quantity}, now, RULES)[0]


def _refusal(line: LineView) -> tuple[str, str | None]:
    refused = _one(_order(line)).refused
    assert refused is not None
    return refused.rule, refused.policy_key
