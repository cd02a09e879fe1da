"""Whether an address can be delivered to, as far as its form tells: the sandbox knows no streets."""

from __future__ import annotations

import re

from shopbot.shop.carrier.sandbox.wire import Body

_STATES = re.findall(
    "[A-Z]{2}",
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC "
    "ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI AA AE AP",
)
_ZIP = re.compile(r"\d{5}(-\d{4})?")
_HOUSE_NUMBER = re.compile(r"\d*[1-9]\d*")


def problems(fields: Body) -> list[Body]:
    """What keeps the address from being found; an empty list when nothing does."""
    found = []
    if not _exists(fields):
        found.append(_problem("E.ADDRESS.NOT_FOUND", "address", "Address not found"))
    if not re.search(r"\d", fields.get("street1") or ""):
        found.append(_problem("E.HOUSE_NUMBER.MISSING", "street1", "House number is missing"))
    return found


def standardised(fields: Body) -> Body:
    """The address as the post prints it: capitals, the second street line joined to the first."""
    capitals = {
        name: value.upper() if isinstance(value, str) and name not in ("email", "phone") else value
        for name, value in fields.items()
    }
    streets = (capitals.get("street1"), capitals.get("street2"))
    return capitals | {"street1": " ".join(street for street in streets if street), "street2": ""}


def _exists(fields: Body) -> bool:
    if not (fields.get("street1") and fields.get("city")):
        return False
    if (fields.get("country") or "US").upper() != "US":
        return True
    known_place = (fields.get("state") or "").upper() in _STATES and _ZIP.fullmatch(fields.get("zip") or "")
    number = re.search(r"\d+", fields["street1"])
    return bool(known_place) and (number is None or bool(_HOUSE_NUMBER.fullmatch(number[0])))


def _problem(code: str, field: str, message: str) -> Body:
    return {"code": code, "field": field, "message": message, "suggestion": None}
