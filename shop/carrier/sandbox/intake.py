"""Reads what a request to the sandbox carrier says: every value is checked for its kind and taken as data.

Raises `RefusalError` with EasyPost's error body; knows nothing of HTTP or of what is done with the values.
"""

from __future__ import annotations

import math
from typing import Any

from shopbot.shop.carrier.sandbox import wire
from shopbot.shop.carrier.sandbox.wire import Body


class RefusalError(Exception):
    """The carrier says no: an HTTP status and an error body."""

    def __init__(self, status: int, code: str, message: str, errors: list[Body] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = wire.error(code, message, errors)


def required(field: str) -> RefusalError:
    """A parameter is missing."""
    return RefusalError(422, "PARAMETER.REQUIRED", "Missing required parameter.", [_field(field, "cannot be blank")])


def invalid(field: str, why: str) -> RefusalError:
    """A parameter cannot be used."""
    return RefusalError(422, "PARAMETER.INVALID", "Invalid parameter.", [_field(field, why)])


def section(body: Body, name: str, where: str = "") -> Body:
    """A part of the request that is an object and not empty."""
    part = body.get(name)
    if part in (None, {}):
        raise required(where + name)
    if not isinstance(part, dict):
        raise invalid(where + name, "must be an object")
    return part


def text(body: Body, name: str, where: str = "") -> str | None:
    """A text, or None; numbers are taken as their digits. What UTF-8 cannot hold is replaced."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise invalid(where + name, "must be a string")
    return str(value).encode("utf-8", "replace").decode("utf-8")


def measure(body: Body, name: str, where: str) -> float | None:
    """A positive, finite number, or None; a number written as text will do."""
    value: Any = body.get(name)
    if value is None:
        return None
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise invalid(where + name, "must be a number greater than 0")
    return number


def address_fields(part: Body, where: str) -> Body:
    """The fields of an address that the carrier keeps."""
    return {name: text(part, name, where) for name in wire.ADDRESS_FIELDS}


def parcel(part: Body, stamp: str) -> Body:
    """A Parcel from weight (ounces), length, width and height (inches); the weight is required."""
    weight = measure(part, "weight", "parcel.")
    if weight is None:
        raise required("parcel.weight")
    sides = {name: measure(part, name, "parcel.") for name in ("length", "width", "height")}
    return wire.parcel(sides, weight, stamp)


def options(shipment: Body) -> Body:
    """The options given, with a label format that the carrier can draw."""
    given = shipment.get("options") or {}
    if not isinstance(given, dict):
        raise invalid("options", "must be an object")
    if "label_format" in given:
        label_format(text(given, "label_format", "options."))
    return given


def customs(shipment: Body) -> Body | None:
    """The customs form as given, under an id of its own; nothing in it is checked."""
    if not shipment.get("customs_info"):
        return None
    return {"id": wire.new_id("cstinfo"), "object": "CustomsInfo"} | section(shipment, "customs_info")


def label_format(name: str | None) -> str:
    """PNG (the default), PDF or ZPL."""
    chosen = (name or "PNG").upper()
    if chosen not in wire.MEDIA_TYPES:
        known = ", ".join(wire.MEDIA_TYPES)
        raise RefusalError(422, "SHIPMENT.POSTAGE.INVALID_FORMAT", f"The label format is invalid; use one of {known}.")
    return chosen


def _field(name: str, message: str) -> Body:
    return {"field": name, "message": message}
