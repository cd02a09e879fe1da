"""The work of the sandbox carrier: create, buy, convert, refund, verify, track. No HTTP.

What EasyPost does with a return: `is_return` keeps both addresses as in the outbound shipment; only the label
swaps them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from shopbot.shop.carrier.sandbox import intake, verification, wire
from shopbot.shop.carrier.sandbox.intake import RefusalError
from shopbot.shop.carrier.sandbox.ledger import AlreadyDoneError, Ledger, Purchase
from shopbot.shop.carrier.sandbox.rates import messages, rates, tariff
from shopbot.shop.carrier.sandbox.wire import Body

_FILES = "/files/postage_label"
_TRACKED = {  # EasyPost's test codes, EZ1000000001 to EZ7000000007
    f"EZ{n}00000000{n}": status
    for n, status in enumerate(
        (
            "pre_transit",
            "in_transit",
            "out_for_delivery",
            "delivered",
            "return_to_sender",
            "failure",
            "unknown",
        ),
        1,
    )
}


@dataclass(frozen=True)
class SandboxOperations:
    """Does what requests ask, on one ledger; `public_url` is where its label files are fetched."""

    ledger: Ledger
    public_url: str

    def create_shipment(self, body: Body) -> Body:
        """POST /shipments; with `service` and `carrier` it is bought at once."""
        asked = intake.section(body, "shipment")
        stamp, shipment_id = wire.now(), wire.new_id("shp")
        parcel = intake.parcel(intake.section(asked, "parcel"), stamp)
        created = wire.shipment(
            id=shipment_id,
            created_at=stamp,
            is_return=asked.get("is_return") is True,
            options=intake.options(asked),
            reference=intake.text(asked, "reference"),
            customs_info=intake.customs(asked),
            from_address=self._address(asked, "from_address"),
            to_address=self._address(asked, "to_address"),
            parcel=parcel,
            rates=rates(shipment_id, parcel["weight"], stamp),
            messages=messages(parcel["weight"]),
        )
        self.ledger.add_shipment(created)
        service = intake.text(asked, "service")
        return self._buy_service(created, service) if service else created

    def shipment(self, shipment_id: str) -> Body:
        """GET /shipments/:id"""
        created = self._created(shipment_id)
        purchase = self.ledger.purchase(shipment_id)
        if purchase is None:
            return created
        files = self.ledger.label_files(shipment_id)
        urls = {name: self._file_url(purchase, key, name) for name, key in files.items()}
        checked = _destination_checked(created)
        return wire.bought(created | checked, purchase, urls, self.ledger.refunded(shipment_id))

    def buy(self, shipment_id: str, body: Body) -> Body:
        """POST /shipments/:id/buy"""
        created = self._created(shipment_id)
        rate_id = intake.text(intake.section(body, "rate"), "id", "rate.") or ""
        if rate_id not in [rate["id"] for rate in created["rates"]]:
            raise intake.invalid("rate", "is not a rate of this shipment")
        purchase = Purchase(
            shipment_id=shipment_id,
            tracking_code=new_tracking_code(),
            rate_id=rate_id,
            label_id=wire.new_id("pl"),
            tracker_id=wire.new_id("trk"),
            bought_at=wire.now(),
        )
        try:
            self.ledger.add_purchase(purchase, _format_of(created), secrets.token_hex(16))
        except AlreadyDoneError:
            raise RefusalError(
                422,
                "SHIPMENT.POSTAGE.EXISTS",
                "Postage already exists for this shipment.",
            ) from None
        return self.shipment(shipment_id)

    def convert_label(self, shipment_id: str, file_format: str | None) -> Body:
        """GET /shipments/:id/label: offer the label in one more format."""
        chosen = intake.label_format(file_format)
        files = self.ledger.label_files(self._created(shipment_id)["id"])
        if not files:
            raise RefusalError(422, "SHIPMENT.POSTAGE.REQUIRED", "The shipment has no label to convert.")
        if chosen == "PNG" and "PNG" not in files:
            raise RefusalError(422, "SHIPMENT.POSTAGE.FORMAT_UNAVAILABLE", "The label cannot become a PNG.")
        self.ledger.add_label_file(shipment_id, chosen, secrets.token_hex(16))
        return self.shipment(shipment_id)

    def refund(self, shipment_id: str) -> Body:
        """POST /shipments/:id/refund"""
        self._created(shipment_id)
        if self.ledger.purchase(shipment_id) is None:
            raise RefusalError(422, "SHIPMENT.REFUND.UNAVAILABLE", "Unable to request refund. There is no postage.")
        try:
            self.ledger.add_refund(shipment_id, wire.now())
        except AlreadyDoneError:
            raise RefusalError(
                422, "SHIPMENT.REFUND.UNAVAILABLE", "Unable to request refund. It has been requested before."
            ) from None
        return self.shipment(shipment_id)

    def create_address(self, body: Body, strict: bool = False) -> Body:
        """POST /addresses, checked when the request says `verify` or `verify_strict`."""
        fields = intake.address_fields(intake.section(body, "address"), "address.")
        strict = strict or bool(body.get("verify_strict"))
        created = self._checked(fields, strict) if strict or body.get("verify") else wire.address(fields, {})
        self.ledger.add_address(created)
        return created

    def address(self, address_id: str) -> Body:
        """GET /addresses/:id"""
        known = self.ledger.address(address_id)
        if known is None:
            raise _not_found()
        return known

    def verify_address(self, address_id: str) -> Body:
        """GET /addresses/:id/verify"""
        return {"address": self._checked(self.address(address_id), strict=True) | {"id": address_id}}

    def create_tracker(self, body: Body) -> Body:
        """POST /trackers, for a code that was bought here, a test code, or a stranger's."""
        asked = intake.section(body, "tracker")
        code = intake.text(asked, "tracking_code", "tracker.")
        if not code:
            raise intake.required("tracking_code")
        shipment_id = self.ledger.bought_as(code)
        is_return = bool(shipment_id and self._created(shipment_id)["is_return"])
        carrier = intake.text(asked, "carrier", "tracker.") or tariff().carrier
        status = "pre_transit" if shipment_id else _TRACKED.get(code, "unknown")
        created = wire.tracker(code, carrier, status, shipment_id, is_return)
        self.ledger.add_tracker(created)
        return created

    def tracker(self, tracker_id: str) -> Body:
        """GET /trackers/:id"""
        known = self.ledger.tracker(tracker_id)
        if known is None:
            raise _not_found()
        return known

    def trackers(self) -> Body:
        """GET /trackers"""
        return {"trackers": self.ledger.trackers(), "has_more": False}

    def label_file(self, key: str) -> tuple[str, Body] | None:
        """Format and bought shipment behind the key of a label file."""
        known = self.ledger.label_file(key)
        return (known[1], self.shipment(known[0])) if known else None

    def _created(self, shipment_id: str) -> Body:
        created = self.ledger.shipment(shipment_id)
        if created is None:
            raise _not_found()
        return created

    def _buy_service(self, created: Body, service: str) -> Body:
        for rate in created["rates"]:
            if rate["service"] == service:
                return self.buy(created["id"], {"rate": {"id": rate["id"]}})
        raise intake.invalid("service", "is not offered for this shipment")

    def _address(self, asked: Body, name: str) -> Body:
        part = intake.section(asked, name)
        known_id = intake.text(part, "id", f"{name}.")
        if known_id:
            return self.address(known_id)
        return wire.address(intake.address_fields(part, f"{name}."), {})

    def _checked(self, fields: Body, strict: bool) -> Body:
        problems = verification.problems(fields)
        if problems and strict:
            raise RefusalError(422, "ADDRESS.VERIFY.FAILURE", "Unable to verify address.", problems)
        if problems:
            return wire.address(fields, wire.verification(problems))
        return wire.address(verification.standardised(fields), wire.verification([]), residential=True)

    def _file_url(self, purchase: Purchase, key: str, label_format: str) -> str:
        day = purchase.bought_at[:10].replace("-", "")
        return f"{self.public_url}{_FILES}/{day}/{key}.{label_format.lower()}"


def new_tracking_code() -> str:
    """A tracking number as USPS writes them: 21 digits and a check digit (modulo 10, weights 3 and 1)."""
    digits = f"9400100{secrets.randbelow(10**14):014d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


def _destination_checked(created: Body) -> Body:
    # EasyPost checks where a parcel goes when the label is bought. It also writes that address in capitals;
    # here the words stay as the shop gave them.
    problems = verification.problems(created["to_address"])
    destination = created["to_address"] | {
        "verifications": wire.verification(problems),
        "residential": None if problems else True,
    }
    return {"to_address": destination, "buyer_address": destination}


def _format_of(created: Body) -> str:
    return intake.label_format(intake.text(created["options"], "label_format", "options."))


def _not_found() -> RefusalError:
    return RefusalError(404, "NOT_FOUND", "The requested resource could not be found.")
