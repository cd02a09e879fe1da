"""A scripted conversation as its YAML file says it: what there is before, what the customer says, what must be there
afterwards. Reads; plays nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

FOLDER = Path(__file__).parent / "scripts"
MARIA = "maria.lopez@example.com"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineBefore(_Strict):
    """A line of an order; `price` in cents for one unit, `returned` units are part of an earlier return."""

    name: str
    category: str = "clothing"
    quantity: int = 1
    price: int = 1000
    final_sale: bool = False
    returned: int = 0


class OrderBefore(_Strict):
    """An order to add to the shop; `days` since it was delivered, shipped or ordered, whichever came last."""

    number: str
    customer: str = MARIA
    status: Literal["processing", "shipped", "delivered", "cancelled"] = "delivered"
    days: int = 5
    note: str = ""
    lines: list[LineBefore]


class CarrierFault(_Strict):
    """What the sandbox carrier does wrong, until it recovers."""

    operation: str
    fault: str
    times: int = 1


class Setup(_Strict):
    """What there is before the first message, besides the demo shop."""

    orders: list[OrderBefore] = []
    faults: list[CarrierFault] = []
    wait_s: float = 20.0


class Seen(_Strict):
    """Facts about one turn. `did` and `did_not` name actions; `cites` are keys of policy passages."""

    awaiting: str | None = Field(default="anything")
    did: list[str] = []
    did_not: list[str] = []
    cites: list[str] = []
    contains: list[str] = []
    lacks: list[str] = []


class Step(_Strict):
    """One thing that happens: a message in a thread, the program closed and opened again, the carrier recovering."""

    say: str | None = None
    thread: str = "main"
    reopen: bool = False
    carrier_recovers: bool = False
    then: Seen = Seen()


class ReturnAfter(_Strict):
    """A return that must be there: units by item name, the refund in cents."""

    order: str
    items: dict[str, int]
    refund: int
    status: str = "emailed"


class TicketAfter(_Strict):
    """A ticket that must be there, and words that its transcript must hold."""

    holds: list[str] = []
    customer_known: bool = False


class End(_Strict):
    """The end state. Labels, purchases and letters go with the returns unless they are given."""

    returns: list[ReturnAfter] = []
    labels: int | None = None
    purchases: int | None = None
    letters: list[str] | None = None
    tickets: list[TicketAfter] = []


class Script(_Strict):
    """One conversation."""

    name: str
    shows: str
    setup: Setup = Setup()
    messages: list[Step]
    last: Seen = Seen()
    end: End = End()
    never: list[str] = []
    """Words that no reply may hold, whoever asks."""
    subject: str = ""
    """The file it stands in."""

    @field_validator("messages", mode="before")
    @classmethod
    def _plain_lines(cls, value: object) -> object:
        lines = value if isinstance(value, list) else []
        return [{"say": line} if isinstance(line, str) else line for line in lines]


def read_scripts() -> list[Script]:
    """Every script, by file and place in it.

    Raises:
        ValueError: two scripts share a name.
    """
    found = [script for file in sorted(FOLDER.glob("*.yaml")) for script in _read(file)]
    names = [script.name for script in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two scripts are called {twice.pop()!r}")
    return found


def _read(file: Path) -> list[Script]:
    read = yaml.safe_load(file.read_text(encoding="utf-8"))
    return TypeAdapter(list[Script]).validate_python([{**one, "subject": file.stem} for one in read])
