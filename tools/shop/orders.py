"""The verified customer's order: what is in it, where it is, and what has become of its returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from shopbot.prompts import load_data
from shopbot.shop.database.orders import read_order
from shopbot.shop.database.views import LineView, OrderView, ReturnView
from shopbot.shop.errors import DatabaseError
from shopbot.shop.verification import is_on_record
from shopbot.tools.action import ActionError, Call, Observation, action
from shopbot.tools.shop.services import ShopServices


@action(needs=("customer",), gives=("order",), title="look the order up")
def look_up_order(call: Call[ShopServices]) -> Observation:
    """Read the verified customer's order from the database: its lines, prices, dates and status."""
    order = current_order(call)
    data = _order(order)
    return Observation(_text(data), data=data, facts={"order": data})


@action(needs=("order",), goal=True, title="say what is in the order")
def show_order(call: Call[ShopServices]) -> Observation:
    """Say what is in the order and what it cost, when that is what the customer wants to know."""
    data = _order(current_order(call))
    return Observation(_text(data), data=data)


@action(needs=("order",), goal=True, title="say where the order is")
def track_order(call: Call[ShopServices]) -> Observation:
    """Say where the order is: its status, carrier, tracking number and dates."""
    data = _order(current_order(call))
    keys = ("order_number", "status", "shipped_at", "expected_at", "delivered_at", "carrier", "tracking_code")
    tracked = {key: data[key] for key in keys}
    return Observation("; ".join(f"{key}: {value}" for key, value in tracked.items() if value), data=tracked)


@action(needs=("order",), goal=True, title="say how the return stands")
def return_status(call: Call[ShopServices]) -> Observation:
    """Say what has become of the returns of this order: label, receipt, refund."""
    order = current_order(call)
    returns = [_return(made, order) for made in order.returns]
    text = "; ".join(f"return R{r['id']} of {', '.join(r['names'])}: {r['status']}" for r in returns)
    return Observation(text or "No return has been made for this order.", data={"returns": returns})


def current_order(call: Call[ShopServices]) -> OrderView:
    """The verified order as it is now.

    Raises:
        DatabaseError: it has been removed since it was verified.
        ActionError: the address on it is no longer the one that was checked.
    """
    customer = call.facts["customer"]
    with Session(call.services.shop.database) as session:
        check_on_record(session, customer)
        order = read_order(session, customer["order_number"], customer["id"])
    if order is None:
        raise DatabaseError(f"Order {customer['order_number']} is no longer in the database; a person has to look.")
    return order


def check_on_record(session: Session, customer: Mapping[str, Any]) -> None:
    """Show nothing to whoever gave an address that has been replaced since.

    Raises:
        ActionError: the address on record is no longer the one that was checked.
    """
    recipient = customer.get("recipient")
    if recipient is not None and not is_on_record(session, customer["id"], recipient):
        raise ActionError(str(load_data("fulfilment/errors.yaml")["terms"]["address"]))


def _order(order: OrderView) -> dict[str, Any]:
    return {
        "order_number": order.order_number,
        "status": order.status,
        "ordered_at": order.ordered_at.isoformat(),
        "shipped_at": order.shipped_at.isoformat() if order.shipped_at else None,
        "expected_at": order.expected_at.isoformat() if order.expected_at else None,
        "delivered_at": order.delivered_at.isoformat() if order.delivered_at else None,
        "carrier": order.carrier,
        "tracking_code": order.tracking_code,
        "total": order.total,
        "items": [_line(line) for line in order.items],
    }


def _line(line: LineView) -> dict[str, Any]:
    keys = ("id", "name", "quantity", "remaining", "unit_price", "final_sale")
    return {key: getattr(line, key) for key in keys}


def _return(made: ReturnView, order: OrderView) -> dict[str, Any]:
    names = {line.id: line.name for line in order.items}
    return {
        "id": made.id,
        "status": made.status,
        "refund_total": made.refund_total,
        "created_at": made.created_at.isoformat(),
        "tracking_code": made.tracking_code,
        "names": [f"{quantity} × {names[item]}" for item, quantity in made.items.items()],
    }


def _text(data: dict[str, Any]) -> str:
    """The order for an engine; prices in cents, as the calculator takes them."""
    lines = "; ".join(f"{item['quantity']} × {item['name']} at {item['unit_price']} cents" for item in data["items"])
    return f"Order {data['order_number']}, {data['status']}, delivered {data['delivered_at'] or 'not yet'}: {lines}"
