"""Makes the demo shop's orders: which customer bought what, and when it was ordered, shipped and delivered.

The same random numbers every time; only the dates follow `today`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from shopbot.shop.database.models import Customer, Order, OrderItem, Product
from shopbot.shop.demo.cases import CasesFile, LineCase, NamedOrder

_SEED = 20
_CARRIERS = ("USPS", "UPS", "FedEx")


@dataclass(frozen=True)
class Purchase:
    """An order beside the case it was made from."""

    order: Order
    case: NamedOrder


def make_orders(file: CasesFile, customers: list[Customer], products: list[Product], today: datetime) -> list[Purchase]:
    """All orders with their lines; `today` is midnight UTC."""
    random = Random(_SEED)  # noqa: S311 -- made-up data, the same every time
    return [
        Purchase(_order(case, customers, products, today, random), case)
        for case in [*file.named, *_made_up(file, customers, random)]
    ]


def _made_up(file: CasesFile, customers: list[Customer], random: Random) -> Iterator[NamedOrder]:
    total = sum(case.count for case in file.cases)
    taken = {order.number for order in file.named}
    numbers = iter(
        [n for n in map(str, random.sample(range(200_000, 1_000_000), total + len(taken))) if n not in taken]
    )
    # The namesakes in `named` have their orders; everybody else gets one in turn, and chance decides the rest.
    named = {order.customer for order in file.named}
    others = [customer.email for customer in customers if customer.email not in named]
    buyers = others + random.choices(others, k=max(0, total - len(others)))
    random.shuffle(buyers)
    turn = iter(buyers)
    for case in file.cases:
        for index in range(case.count):
            yield case.order(index, next(numbers), next(turn))


def _order(
    case: NamedOrder, customers: list[Customer], products: list[Product], today: datetime, random: Random
) -> Order:
    customer = next(one for one in customers if one.email == case.customer)
    order = Order(
        order_number=case.number,
        customer_id=customer.id,
        status=case.status,
        note=case.note,
        carrier="",
        tracking_code="",
    )
    _set_dates(order, case, today, random)
    if order.shipped_at is not None:
        order.carrier = random.choice(_CARRIERS)
        order.tracking_code = "".join(random.choices("0123456789", k=20))
    order.items = _lines(case, products, random)
    return order


def _set_dates(order: Order, case: NamedOrder, today: datetime, random: Random) -> None:
    packing, travel = random.randint(1, 2), random.randint(2, 5)
    hours = timedelta(hours=random.randint(8, 19), minutes=random.randint(0, 59))
    # What happened today happened at its first minute, so that it is never in the future.
    event = today - timedelta(days=case.days) + (hours if case.days else timedelta())
    order.shipped_at = order.delivered_at = None
    if case.status == "delivered":
        order.delivered_at = event
        order.shipped_at = event - timedelta(days=travel)
    elif case.status == "shipped":
        order.shipped_at = event
    order.ordered_at = event if order.shipped_at is None else order.shipped_at - timedelta(days=packing)
    order.expected_at = None if case.status == "cancelled" else order.ordered_at + timedelta(days=packing + travel)


def _lines(case: NamedOrder, products: list[Product], random: Random) -> list[OrderItem]:
    chosen: list[Product] = []
    for line in case.lines:
        fitting = [product for product in products if product not in chosen and _fits(product, line)]
        chosen.append(random.choice(fitting))
    return [
        OrderItem(
            sku=product.sku,
            name=product.name,
            quantity=line.quantity,
            unit_price=product.unit_price * (100 - case.discount) // 100,
            final_sale=product.final_sale,
        )
        for line, product in zip(case.lines, chosen, strict=True)
    ]


def _fits(product: Product, line: LineCase) -> bool:
    if line.name is not None:
        return product.name == line.name
    if line.match is not None:
        return all(word in product.name for word in line.match.split(", "))
    if line.category is not None:
        return product.category == line.category and not product.final_sale
    return product.final_sale == line.final_sale
