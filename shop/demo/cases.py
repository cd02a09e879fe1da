"""The shape of `orders.yaml`: the orders that are always the same, and the cases of which several are made up."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shopbot.shop.demo.catalogue import FOLDER
from shopbot.shop.yaml_file import read_yaml

Status = Literal["processing", "shipped", "delivered", "cancelled"]


class LineCase(BaseModel):
    """One line: which product (by name, category, word or mark) and how many."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = None
    category: str | None = Field(None, alias="in")
    match: str | None = None
    final_sale: bool = False
    quantity: int = Field(1, ge=1)


class _OrderCase(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Status
    lines: list[LineCase] = Field(min_length=1)
    note: str = ""
    discount: int = Field(0, ge=0, lt=100)
    returned: Literal["all"] | int | None = None
    return_status: Literal["emailed", "received", "refunded"] = "refunded"


class NamedOrder(_OrderCase):
    """An order that is always the same."""

    number: str
    customer: str
    days: int = Field(ge=0)


class Case(_OrderCase):
    """A kind of order of which `count` are made up."""

    case: str
    count: int = Field(ge=1)
    days: list[int] = Field(min_length=1)

    def order(self, index: int, number: str, customer: str) -> NamedOrder:
        """The `index`-th order of this case."""
        shared = self.model_dump(exclude={"case", "count", "days", "lines"})
        days = self.days[index % len(self.days)]
        return NamedOrder(**shared, lines=self.lines, number=number, customer=customer, days=days)


class CasesFile(BaseModel):
    """`orders.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    named: list[NamedOrder]
    cases: list[Case]


def read_cases() -> CasesFile:
    """What `orders.yaml` says."""
    return read_yaml(FOLDER / "orders.yaml", CasesFile)
