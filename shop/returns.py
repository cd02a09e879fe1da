"""Decides what can be returned and what comes back for it. Pure: no database, no clock, no wording.

The rules are data (`shopbot.shop.rules`); what was ordered and returned is an `OrderView`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from shopbot.shop.database.views import LineView, OrderView
from shopbot.shop.rules import ReturnRules

Rule = Literal[
    "unknown_line",
    "not_delivered",
    "non_returnable",
    "final_sale",
    "already_returned",
    "window_closed",
    "too_many",
]


@dataclass(frozen=True)
class Refusal:
    """Why `quantity` units cannot come back. `policy_key` is the passage to cite, where there is one.

    `order_status` explains `not_delivered`; `delivered_on`, `returnable_until` and `window_days` explain
    `window_closed`; `remaining` explains `already_returned` (0) and `too_many` (how many there are).
    """

    rule: Rule
    quantity: int
    policy_key: str | None = None
    order_status: str | None = None
    delivered_on: date | None = None
    returnable_until: date | None = None
    window_days: int | None = None
    remaining: int | None = None


@dataclass(frozen=True)
class Decision:
    """What happens with one line: `quantity` units come back for `refund_cents`, or none and `refused` says why.

    `returnable_until` is the last day (UTC) on which the line can be returned, once it has been delivered.
    """

    order_item_id: int
    name: str
    quantity: int
    refund_cents: int
    refused: Refusal | None = None
    returnable_until: date | None = None


def decide(order: OrderView, requested: Mapping[int, int], now: datetime, rules: ReturnRules) -> tuple[Decision, ...]:
    """One decision a requested line (order line -> units), in the order of the request.

    Args:
        order: the order, with what was already returned.
        requested: units wanted of each line; all or none of them come back.
        now: aware; the day it falls on in UTC counts.
        rules: the shop's.

    Raises:
        ValueError: a quantity is below 1, or `now` has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError(f"{now!r} has no time zone; use datetime.now(UTC)")
    lines = {line.id: line for line in order.items}
    return tuple(_decide(order, lines.get(key), key, units, now, rules) for key, units in requested.items())


def decide_remaining(order: OrderView, now: datetime, rules: ReturnRules) -> tuple[Decision, ...]:
    """One decision a line of the order, each for all units that are left; for "everything" and "what can I return"."""
    return decide(order, {line.id: max(1, line.remaining) for line in order.items}, now, rules)


def refund_total(decisions: Sequence[Decision]) -> int:
    """What comes back for all of them, in cents."""
    return sum(decision.refund_cents for decision in decisions)


def returnable_until(order: OrderView, line: LineView, rules: ReturnRules) -> date | None:
    """The last day (UTC) on which the line can be returned; None before delivery."""
    if order.delivered_at is None:
        return None
    return _day(order.delivered_at) + timedelta(days=rules.window.of(line.category).days)


def _decide(
    order: OrderView, line: LineView | None, key: int, units: int, now: datetime, rules: ReturnRules
) -> Decision:
    if units < 1:
        raise ValueError(f"{units} units of line {key}: at least 1 is needed")
    if line is None:
        return Decision(key, "", 0, 0, Refusal("unknown_line", units))
    until = returnable_until(order, line, rules)
    refused = _refusal(order, line, units, now, rules)
    if refused is not None:
        return Decision(key, line.name, 0, 0, refused, until)
    return Decision(key, line.name, units, units * line.unit_price, None, until)


def _refusal(order: OrderView, line: LineView, units: int, now: datetime, rules: ReturnRules) -> Refusal | None:
    # What no waiting can change comes first, so that nobody is told to wait for a delivery in vain.
    if line.category in rules.non_returnable.categories:
        return Refusal("non_returnable", units, rules.non_returnable.policy)
    if line.final_sale:
        return Refusal("final_sale", units, rules.final_sale.policy)
    if order.status not in rules.returnable_statuses or order.delivered_at is None:
        return Refusal("not_delivered", units, rules.not_delivered.policy, order_status=order.status)
    if line.remaining == 0:
        return Refusal("already_returned", units, rules.already_returned.policy, remaining=0)
    return _closed_window(order, line, units, now, rules) or _too_many(line, units, rules)


def _closed_window(order: OrderView, line: LineView, units: int, now: datetime, rules: ReturnRules) -> Refusal | None:
    window, until = rules.window.of(line.category), returnable_until(order, line, rules)
    if order.delivered_at is None or until is None or _day(now) <= until:
        return None
    return Refusal(
        "window_closed",
        units,
        window.policy,
        delivered_on=_day(order.delivered_at),
        returnable_until=until,
        window_days=window.days,
    )


def _too_many(line: LineView, units: int, rules: ReturnRules) -> Refusal | None:
    if units <= line.remaining:
        return None
    policy = rules.already_returned.policy if line.returned else None
    return Refusal("too_many", units, policy, remaining=line.remaining)


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
