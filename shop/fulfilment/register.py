"""Registers a return: exactly which units come back, checked and written in one transaction.

The units of an order line are numbered from 1. The key of a return names them, "return:123456:17.1-1", so
asking again for the same unit finds the same return, and the second unit of that line is another one. The
return rules (window, final sale) are applied where the customer agreed to an offer (see `terms`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from shopbot.prompts import load_data
from shopbot.shop.database.models import Order, OrderItem, Return, ReturnItem
from shopbot.shop.errors import ReturnRefused
from shopbot.shop.fulfilment.terms import check_terms, lock_terms
from shopbot.shop.offer import Agreement

_LONGEST_KEY = 200


def register(
    database: Engine,
    order_number: str,
    customer_id: int,
    items: Mapping[int, int],
    conversation: str,
    returned_before: Mapping[int, int] | None = None,
    agreed: Agreement | None = None,
) -> int:
    """The id of the return of `items` (order line -> units), created now or found.

    With `agreed`, a new return is written only on exactly those terms.

    `returned_before` (order line -> units) is how many units were already coming back when the offer was
    made; with it the units are known exactly. Without it, the same request in the same conversation is the
    same return, and so is the same request in any conversation once no further units are left. What was registered
    on earlier terms stays as it is.

    Raises:
        ReturnRefused: the units cannot be returned (any more); nothing was written.
        TermsChanged: not on the terms that were agreed to; nothing was written.
    """
    with Session(database) as session, session.begin():
        _lock_order(session, order_number, customer_id)
        email = lock_terms(session, order_number, customer_id)
        lines = _check_lines(session, order_number, items)
        taken = _taken(session, lines)
        before = taken if returned_before is None else {line: returned_before.get(line, 0) for line in lines}
        key = return_key(order_number, items, before)
        found = session.scalar(select(Return.id).where(Return.key == key))
        if found is None and returned_before is None:
            found = _same_request(session, order_number, items, conversation)
        if found is None:
            found = _repeated(session, order_number, items, lines, taken)
        if found is not None:
            return found
        _check_unchanged(order_number, lines, taken, before)
        if agreed is not None:
            check_terms(session, order_number, customer_id, items, email, agreed)
        return _insert(session, key, order_number, items, lines, conversation, email)


def find_return(
    database: Engine, order_number: str, items: Mapping[int, int], returned_before: Mapping[int, int]
) -> int | None:
    """The id of the return of exactly these units, if it is registered; nothing is written."""
    key = return_key(order_number, items, returned_before)
    with Session(database) as session:
        return session.scalar(select(Return.id).where(Return.key == key))


def return_key(order_number: str, items: Mapping[int, int], before: Mapping[int, int]) -> str:
    """The key of the next units: those after the `before` units that are already coming back."""
    units = ",".join(
        f"{line}.{before.get(line, 0) + 1}-{before.get(line, 0) + quantity}" for line, quantity in sorted(items.items())
    )
    key = f"return:{order_number}:{units}"
    if len(key) <= _LONGEST_KEY:
        return key
    return f"return:{order_number}:{hashlib.sha256(units.encode()).hexdigest()}"


def _lock_order(session: Session, order_number: str, customer_id: int) -> None:
    # An update that changes nothing is the one statement that takes the write lock on SQLite and PostgreSQL
    # alike; SQLite ignores SELECT FOR UPDATE, and a read before it would let two processes count the same
    # free units.
    own = (Order.order_number == order_number) & (Order.customer_id == customer_id)
    locked = session.execute(update(Order).where(own).values(status=Order.status))
    if locked.rowcount != 1:  # type: ignore[attr-defined]
        raise _refused("unknown_order", order_number=order_number)


def _check_lines(session: Session, order_number: str, items: Mapping[int, int]) -> dict[int, OrderItem]:
    if not items:
        raise _refused("nothing", order_number=order_number)
    of_order = {
        item.id: item for item in session.scalars(select(OrderItem).where(OrderItem.order_number == order_number))
    }
    for line, quantity in items.items():
        if line not in of_order:
            raise _refused("unknown_line", line=line, order_number=order_number)
        if quantity < 1:
            raise _refused("quantity", quantity=quantity)
    return {line: of_order[line] for line in items}


def _taken(session: Session, lines: Mapping[int, OrderItem]) -> dict[int, int]:
    units = select(ReturnItem.order_item_id, func.sum(ReturnItem.quantity)).group_by(ReturnItem.order_item_id)
    found = {line: int(total) for line, total in session.execute(units.where(ReturnItem.order_item_id.in_(lines)))}
    return {line: found.get(line, 0) for line in lines}


def _same_request(
    session: Session, order_number: str, items: Mapping[int, int], conversation: str | None
) -> int | None:
    returns = select(Return).where(Return.order_number == order_number).order_by(Return.id.desc())
    if conversation is not None:
        returns = returns.where(Return.conversation == conversation)
    for known in session.scalars(returns):
        if {item.order_item_id: item.quantity for item in known.items} == dict(items):
            return known.id
    return None


def _repeated(
    session: Session,
    order_number: str,
    items: Mapping[int, int],
    lines: Mapping[int, OrderItem],
    taken: Mapping[int, int],
) -> int | None:
    """None if the units are there; else the return that holds them."""
    for line, item in lines.items():
        left = item.quantity - taken[line]
        if items[line] > left:
            found = _same_request(session, order_number, items, None)
            if found is None:
                raise _refused("taken", left=left, ordered=item.quantity, name=item.name, order_number=order_number)
            return found
    return None


def _check_unchanged(
    order_number: str, lines: Mapping[int, OrderItem], taken: Mapping[int, int], before: Mapping[int, int]
) -> None:
    for line, item in lines.items():
        if taken[line] != before[line]:
            raise _refused("changed", name=item.name, order_number=order_number)


def _insert(
    session: Session,
    key: str,
    order_number: str,
    items: Mapping[int, int],
    lines: Mapping[int, OrderItem],
    conversation: str,
    recipient: str,
) -> int:
    coming_back = [
        ReturnItem(order_item_id=line, quantity=quantity, refund=quantity * lines[line].unit_price)
        for line, quantity in sorted(items.items())
    ]
    new = Return(
        key=key,
        order_number=order_number,
        status="requested",
        refund_total=sum(item.refund for item in coming_back),
        conversation=conversation,
        recipient=recipient,
        created_at=datetime.now(UTC),
        items=coming_back,
    )
    session.add(new)
    session.flush()
    return new.id


def _refused(reason: str, **values: Any) -> ReturnRefused:
    return ReturnRefused(str(load_data("fulfilment/errors.yaml")[reason]).format(**values))
