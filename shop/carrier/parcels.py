"""What the shop tells a carrier and what it gets back: addresses, parcels, bought labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """A postal address; `state` is the two-letter code in the US, `country` is ISO 3166-1 alpha-2."""

    name: str
    street1: str
    city: str
    state: str
    zip: str
    country: str = "US"
    street2: str = ""
    phone: str = ""
    email: str = ""
    company: str = ""


@dataclass(frozen=True)
class Parcel:
    """A box: weight in ounces, sides in inches."""

    weight_oz: float
    length_in: float = 12.0
    width_in: float = 9.0
    height_in: float = 4.0


@dataclass(frozen=True)
class PurchasedLabel:
    """A label that has been paid for; `label_url` may move, so download by the label, not by the URL."""

    shipment_id: str
    tracking_code: str
    carrier: str
    service: str
    label_url: str
    cost_cents: int
