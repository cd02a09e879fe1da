"""What a conversation sees of an order: plain frozen values, no database behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LineView:
    """One line of an order. Prices are cents for one unit; `returned` counts units of every return so far."""

    id: int
    sku: str
    name: str
    category: str
    quantity: int
    unit_price: int
    final_sale: bool
    returned: int = 0

    @property
    def remaining(self) -> int:
        """Units that no return has taken yet."""
        return max(0, self.quantity - self.returned)


@dataclass(frozen=True)
class ReturnView:
    """A return made earlier. `label_sent` is whether the e-mail with its label has gone out."""

    id: int
    status: str
    refund_total: int
    created_at: datetime
    items: dict[int, int]
    """Order line -> units."""
    tracking_code: str | None = None
    label_file: str | None = None
    label_sent: bool = False


@dataclass(frozen=True)
class OrderView:
    """An order with its lines and the returns made so far; `total` is in cents."""

    order_number: str
    customer_id: int
    status: str
    ordered_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None
    expected_at: datetime | None
    carrier: str
    tracking_code: str
    note: str
    items: tuple[LineView, ...]
    returns: tuple[ReturnView, ...] = ()

    @property
    def total(self) -> int:
        """What was paid for all lines, in cents."""
        return sum(line.quantity * line.unit_price for line in self.items)


@dataclass(frozen=True)
class OrderSummary:
    """An order in a list; `units` counts pieces, `total` is in cents."""

    order_number: str
    status: str
    ordered_at: datetime
    delivered_at: datetime | None
    units: int
    total: int
