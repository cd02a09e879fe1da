"""Orders for simulated customers, written into the shop's own database."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Customer, Order, OrderItem, Product

_NAMES = (
    ("Blue Jeans", "jeans", "jeans", 5990),
    ("Coffee Mug", "mug", "mugs", 1200),
    ("Canvas Backpack", "backpack", "backpacks", 4800),
    ("Wool Sweater", "sweater", "sweaters", 7900),
    ("Leather Belt", "belt", "belts", 2500),
    ("Running Shoes", "running shoes", "running shoes", 8900),
    ("Table Lamp", "lamp", "lamps", 3900),
    ("Rain Jacket", "rain jacket", "rain jackets", 9900),
    ("Yoga Mat", "yoga mat", "yoga mats", 2900),
    ("Water Bottle", "bottle", "bottles", 1900),
    ("Cotton T-Shirt", "t-shirt", "t-shirts", 1990),
    ("Hiking Socks", "socks", "socks", 1490),
)
_FIRST = ("anna", "tom", "lucia", "piotr", "mei", "omar", "sofia", "jack", "nora", "ivan", "ruth", "leo")
_LAST = ("berg", "stone", "rossi", "novak", "chen", "haddad", "lind", "murphy", "okafor", "petrov", "katz", "silva")


@dataclass(frozen=True)
class Line:
    """One line of an order: the shop's name for it, a customer's words for one and for several, and how many."""

    name: str
    word: str
    words: str
    quantity: int
    final_sale: bool


@dataclass(frozen=True)
class Bought:
    """An order and whose it is."""

    number: str
    email: str
    lines: tuple[Line, ...]
    status: str = "delivered"


def draw_order(place: int, rng: random.Random, *, status: str = "delivered", final_sale: bool = False) -> Bought:
    """The order of the customer number `place`; no two share a number or an address."""
    chosen = rng.sample(_NAMES, rng.choice((2, 3, 3, 4)))
    lines = tuple(
        Line(name, word, words, rng.choice((1, 1, 1, 2, 3)), final_sale and index == 0)
        for index, (name, word, words, _) in enumerate(chosen)
    )
    email = f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}{place}@example.com"
    return Bought(f"{300_000 + place * 7 + rng.randrange(7)}", email, lines, status)


def write_order(database: Engine, bought: Bought) -> None:
    """Add the order with its customer and products to the shop."""
    prices = {name: price for name, _, _, price in _NAMES}
    now = datetime.now(UTC)
    with Session(database) as session, session.begin():
        customer = Customer(
            name=bought.email.split("@")[0].replace(".", " ").title(), email=bought.email, street1="14 Linden Street",
            city="Portland", state="ME", zip="04101", country="US",
        )  # fmt: skip
        session.add(customer)
        session.flush()
        there = bought.status == "delivered"
        session.add(
            Order(
                order_number=bought.number, customer_id=customer.id, status=bought.status,
                ordered_at=now - timedelta(days=9), shipped_at=now - timedelta(days=7),
                delivered_at=now - timedelta(days=4) if there else None, expected_at=now + timedelta(days=2),
                carrier="USPS", tracking_code=f"9400{bought.number}55",
            )
        )  # fmt: skip
        for place, line in enumerate(bought.lines):
            sku = f"S{bought.number}-{place}"
            price = prices[line.name]
            session.add(
                Product(sku=sku, name=line.name, category="clothing", unit_price=price, final_sale=line.final_sale)
            )
            session.flush()
            session.add(
                OrderItem(
                    order_number=bought.number, sku=sku, name=line.name, quantity=line.quantity, unit_price=price,
                    final_sale=line.final_sale,
                )
            )  # fmt: skip
