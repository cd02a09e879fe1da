"""What a label says, read out of a bought shipment; for a return, sender and recipient change places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from shopbot.shop.carrier.sandbox.label.printable import printable


@dataclass(frozen=True)
class Label:
    """The words on a label, all of them printable; addresses are lines, name first."""

    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    carrier: str
    service: str
    tracking_code: str
    reference: str
    shipped_on: date
    weight_oz: float
    is_return: bool

    @property
    def tracking_groups(self) -> str:
        """The tracking code as people read it: groups of four."""
        return " ".join(re.findall(".{1,4}", self.tracking_code))

    @property
    def weight(self) -> str:
        """Pounds and ounces, ounces rounded up as a carrier does."""
        pounds, ounces = divmod(-int(-self.weight_oz // 1), 16)
        return f"{pounds} lb {ounces} oz"

    @property
    def service_name(self) -> str:
        """The service in capital words: GroundAdvantage is GROUND ADVANTAGE."""
        return " ".join(re.findall("[A-Z][a-z]+|[A-Z]+|[0-9]+|[a-z]+", self.service)).upper()


def from_shipment(shipment: dict[str, Any]) -> Label:
    """The label of a bought Shipment body."""
    outbound = shipment["from_address"], shipment["to_address"]
    sender, recipient = reversed(outbound) if shipment["is_return"] else outbound
    rate = shipment["selected_rate"]
    return Label(
        sender=address_lines(sender),
        recipient=address_lines(recipient),
        carrier=rate["carrier"],
        service=rate["service"],
        tracking_code=shipment["tracking_code"],
        reference=printable(shipment["reference"]),
        shipped_on=date.fromisoformat(shipment["postage_label"]["label_date"][:10]),
        weight_oz=shipment["parcel"]["weight"],
        is_return=shipment["is_return"],
    )


def address_lines(address: dict[str, Any]) -> tuple[str, ...]:
    """Name, company, street, place and, when it is abroad, country: each that is there, as printable text."""
    field = {name: printable(value) for name, value in address.items() if isinstance(value, str)}
    place = " ".join(part for part in (field.get("state"), field.get("zip")) if part)
    city = ", ".join(part for part in (field.get("city"), place) if part)
    country = field.get("country", "").upper()
    lines = (field.get("name"), field.get("company"), field.get("street1"), field.get("street2"), city)
    return tuple(line for line in (*lines, "" if country == "US" else country) if line)
