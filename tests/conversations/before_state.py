"""What a script finds: the demo shop with the script's own orders, each written as the shop itself would have it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from scripted import LineBefore, OrderBefore
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Customer, Label, Order, OrderItem, Product, Return, ReturnItem


def add_orders(database: Engine, orders: Iterable[OrderBefore]) -> None:
    """Write the script's orders beside what is there."""
    with Session(database) as session, session.begin():
        for order in orders:
            _add_order(session, order)


def _add_order(session: Session, wanted: OrderBefore) -> None:
    order = Order(
        order_number=wanted.number,
        customer_id=_customer_id(session, wanted.customer),
        status=wanted.status,
        note=wanted.note,
        carrier="USPS" if wanted.status in ("shipped", "delivered") else "",
        tracking_code=f"9400{wanted.number}55" if wanted.status in ("shipped", "delivered") else "",
        **_dates(wanted),
    )
    session.add(order)
    session.flush()
    lines = [_add_line(session, wanted.number, place, line) for place, line in enumerate(wanted.lines)]
    _add_return(session, wanted, lines)


def _customer_id(session: Session, address: str) -> int:
    """The customer with this address; a new one when the demo shop has none."""
    known = session.scalar(select(Customer.id).where(Customer.email == address))
    if known is not None:
        return known
    new = Customer(
        name="Someone Else",
        email=address,
        street1="9 Side Street",
        city="Bangor",
        state="ME",
        zip="04401",
        country="US",
    )
    session.add(new)
    session.flush()
    return new.id


def _dates(wanted: OrderBefore) -> dict[str, datetime | None]:
    """Noon of the day counts, so that a script means whole days."""
    last = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=wanted.days)
    delivered, shipped = wanted.status == "delivered", wanted.status in ("shipped", "delivered")
    return {
        "ordered_at": last - timedelta(days=5 if shipped else 0),
        "shipped_at": last - timedelta(days=3 if delivered else 0) if shipped else None,
        "delivered_at": last if delivered else None,
        "expected_at": None if wanted.status == "cancelled" else last + timedelta(days=4),
    }


def _add_line(session: Session, number: str, place: int, line: LineBefore) -> OrderItem:
    sku = f"T{number}-{place}"
    session.add(
        Product(
            sku=sku, name=line.name[:200], category=line.category, unit_price=line.price, final_sale=line.final_sale
        )
    )
    session.flush()
    item = OrderItem(
        order_number=number,
        sku=sku,
        name=line.name,
        quantity=line.quantity,
        unit_price=line.price,
        final_sale=line.final_sale,
    )
    session.add(item)
    session.flush()
    return item


def _add_return(session: Session, wanted: OrderBefore, items: list[OrderItem]) -> None:
    units = {item: line.returned for item, line in zip(items, wanted.lines, strict=True) if line.returned}
    if not units:
        return
    session.add(
        Return(
            key=f"before:{wanted.number}",
            order_number=wanted.number,
            status="refunded",
            refund_total=sum(item.unit_price * quantity for item, quantity in units.items()),
            carrier_shipment_id=f"shp_before{wanted.number}",
            conversation="before",
            created_at=datetime.now(UTC) - timedelta(days=1),
            items=[
                ReturnItem(order_item_id=item.id, quantity=quantity, refund=item.unit_price * quantity)
                for item, quantity in units.items()
            ],
            label=Label(
                carrier_shipment_id=f"shp_before{wanted.number}",
                tracking_code=f"9400{wanted.number}99",
                file=f"labels/before-{wanted.number}.pdf",
                created_at=datetime.now(UTC) - timedelta(days=1),
            ),
        )
    )
