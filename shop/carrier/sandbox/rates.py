"""What a parcel costs at the sandbox carrier: the same weight, the same price. See `rates.yaml`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml

from shopbot.shop.carrier.sandbox import wire

_OUNCES_PER_POUND = 16
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Service:
    """One way to send a parcel; prices in dollars, `retail` and `list` are factors on the price."""

    name: str
    base: Decimal
    per_pound: Decimal
    days: int
    retail: Decimal
    list: Decimal

    def price(self, weight_oz: float) -> Decimal:
        """Dollars for a parcel of `weight_oz`; each pound begun after the first counts in full."""
        further_pounds = max(0, math.ceil(weight_oz / _OUNCES_PER_POUND) - 1)
        return (self.base + self.per_pound * further_pounds).quantize(_CENT)


@dataclass(frozen=True)
class Tariff:
    """A carrier's services and the heaviest parcel it takes, in ounces."""

    carrier: str
    account: str
    heaviest_oz: float
    services: tuple[Service, ...]


@cache
def tariff() -> Tariff:
    """The tariff in `rates.yaml`."""
    data: dict[str, Any] = yaml.safe_load(resources.files(__package__).joinpath("rates.yaml").read_text("utf-8"))
    services = tuple(_service(entry) for entry in data["services"])
    return Tariff(data["carrier"], data["account"], float(data["heaviest_oz"]), services)


def rates(shipment_id: str, weight_oz: float, stamp: str) -> list[wire.Body]:
    """The Rate bodies for a parcel; none when it is too heavy."""
    offer = tariff()
    if weight_oz > offer.heaviest_oz:
        return []
    return [_rate(offer, service, shipment_id, weight_oz, stamp) for service in offer.services]


def messages(weight_oz: float) -> list[wire.Body]:
    """Why there are no rates, as EasyPost reports it beside the empty list."""
    offer = tariff()
    if weight_oz <= offer.heaviest_oz:
        return []
    text = f"The parcel weighs {weight_oz:g} oz; {offer.carrier} takes at most {offer.heaviest_oz:g} oz."
    account = {"carrier": offer.carrier, "carrier_account_id": offer.account}
    return [{**account, "type": "rate_error", "message": text}]


def _service(entry: dict[str, Any]) -> Service:
    exact = {name: Decimal(entry[name]) for name in ("base", "per_pound", "retail", "list")}
    return Service(name=entry["name"], days=entry["days"], **exact)


def _rate(offer: Tariff, service: Service, shipment_id: str, weight_oz: float, stamp: str) -> wire.Body:
    price = service.price(weight_oz)
    return {
        "id": wire.new_id("rate"),
        "object": "Rate",
        "created_at": stamp,
        "updated_at": stamp,
        "mode": wire.MODE,
        "service": service.name,
        "carrier": offer.carrier,
        "rate": str(price),
        "currency": "USD",
        "retail_rate": str((price * service.retail).quantize(_CENT)),
        "retail_currency": "USD",
        "list_rate": str((price * service.list).quantize(_CENT)),
        "list_currency": "USD",
        "billing_type": "easypost",
        "delivery_days": service.days,
        "delivery_date": None,
        "delivery_date_guaranteed": False,
        "est_delivery_days": service.days,
        "shipment_id": shipment_id,
        "carrier_account_id": offer.account,
    }
