"""The JSON bodies of EasyPost's v2 API as the sandbox carrier writes them: one function a body.

Shapes only: what may be asked and what it changes is in `operations`, where it is kept is in `ledger`.
Source: https://docs.easypost.com (addresses, shipments, rates, postage labels, trackers, errors).
"""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime
from typing import Any

from shopbot.shop.carrier.sandbox.ledger import Purchase

Body = dict[str, Any]

MODE = "test"
MEDIA_TYPES = {"PNG": "image/png", "PDF": "application/pdf", "ZPL": "application/zpl"}

ADDRESS_FIELDS = (
    "name",
    "company",
    "street1",
    "street2",
    "city",
    "state",
    "zip",
    "country",
    "phone",
    "email",
)


def new_id(prefix: str) -> str:
    """An id as EasyPost makes them: what it is, then 32 hexadecimal digits."""
    return f"{prefix}_{secrets.token_hex(16)}"


def now() -> str:
    """This second, in UTC, as the wire writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def error(code: str, message: str, errors: list[Body] | None = None) -> Body:
    """The body of every answer that is not 2xx."""
    return {"error": {"code": code, "message": message, "errors": errors or []}}


def address(fields: Body, verifications: Body, residential: bool | None = None) -> Body:
    """An Address; its times are the only ones written with an offset."""
    stamp = now().replace("Z", "+00:00")
    return {
        "id": new_id("adr"),
        "object": "Address",
        "created_at": stamp,
        "updated_at": stamp,
        **{name: fields.get(name) for name in ADDRESS_FIELDS},
        "country": fields.get("country") or "US",
        "mode": MODE,
        "carrier_facility": None,
        "residential": residential,
        "federal_tax_id": None,
        "state_tax_id": None,
        "verifications": verifications,
    }


def verification(errors: list[Body]) -> Body:
    """The two checks of an address; EasyPost gives `delivery` details and never `zip4` ones."""
    passed = not errors
    place = {"latitude": None, "longitude": None, "time_zone": None} if passed else {}
    return {
        "zip4": {"success": passed, "errors": errors, "details": None},
        "delivery": {"success": passed, "errors": errors, "details": place},
    }


def parcel(sides: dict[str, float | None], weight_oz: float, stamp: str) -> Body:
    """A Parcel: ounces and inches."""
    return {
        "id": new_id("prcl"),
        "object": "Parcel",
        "created_at": stamp,
        "updated_at": stamp,
        **sides,
        "predefined_package": None,
        "weight": weight_oz,
        "mode": MODE,
    }


def shipment(**given: Any) -> Body:
    """A Shipment as created: rates, no label. `given` are the parts that the request decides."""
    stamp = given["created_at"]
    created: Body = {
        "id": given["id"],
        "created_at": stamp,
        "is_return": given["is_return"],
        "messages": given["messages"],
        "mode": MODE,
        "options": {"currency": "USD", "payment": {"type": "SENDER"}, "date_advance": 0, **given["options"]},
        "reference": given["reference"],
        "status": "unknown",
        "tracking_code": None,
        "updated_at": stamp,
        "customs_info": given["customs_info"],
        "from_address": given["from_address"],
        "parcel": given["parcel"],
        "rates": given["rates"],
        "to_address": given["to_address"],
        "usps_zone": 4,
        "return_address": given["from_address"],
        "buyer_address": given["to_address"],
        "forms": [],
        "fees": [],
        "object": "Shipment",
    }
    empty = (
        "batch_id",
        "batch_status",
        "batch_message",
        "insurance",
        "order_id",
        "postage_label",
        "refund_status",
    )
    return created | dict.fromkeys((*empty, "scan_form", "selected_rate", "tracker"))


def bought(created: Body, purchase: Purchase, urls: dict[str, str], refunded: bool) -> Body:
    """A Shipment with its label; `urls` are by label format, the format bought first."""
    rate = next(rate for rate in created["rates"] if rate["id"] == purchase.rate_id)
    return created | {
        "updated_at": purchase.bought_at,
        "tracking_code": purchase.tracking_code,
        "postage_label": postage_label(purchase, urls),
        "selected_rate": rate,
        "tracker": shipment_tracker(purchase, rate["carrier"]),
        "fees": [fee("LabelFee", "0.00000", refunded), fee("PostageFee", f"{rate['rate']}000", refunded)],
        "refund_status": "submitted" if refunded else None,
    }


def postage_label(purchase: Purchase, urls: dict[str, str]) -> Body:
    """A PostageLabel: `label_url` is the format bought, the others appear once they were asked for."""
    first = next(iter(urls))
    return {
        "object": "PostageLabel",
        "id": purchase.label_id,
        "created_at": purchase.bought_at,
        "updated_at": purchase.bought_at,
        "date_advance": 0,
        "integrated_form": "none",
        "label_date": purchase.bought_at,
        "label_resolution": 300,
        "label_size": "4x6",
        "label_type": "default",
        "label_file_type": MEDIA_TYPES[first],
        "label_url": urls[first],
        "label_pdf_url": urls.get("PDF"),
        "label_zpl_url": urls.get("ZPL"),
        "label_epl2_url": None,
        "label_file": None,
    }


def fee(kind: str, amount: str, refunded: bool) -> Body:
    """A Fee of a bought shipment, in dollars with five decimals."""
    return {"object": "Fee", "type": kind, "amount": amount, "charged": True, "refunded": refunded}


def shipment_tracker(purchase: Purchase, carrier: str) -> Body:
    """The Tracker inside a bought shipment: nothing has moved yet."""
    return {
        "id": purchase.tracker_id,
        "object": "Tracker",
        "mode": MODE,
        "tracking_code": purchase.tracking_code,
        "status": "unknown",
        "status_detail": "unknown",
        "created_at": purchase.bought_at,
        "updated_at": purchase.bought_at,
        "signed_by": None,
        "weight": None,
        "est_delivery_date": None,
        "shipment_id": purchase.shipment_id,
        "carrier": carrier,
        "tracking_details": [],
        "fees": [],
        "carrier_detail": None,
        "public_url": _public_url(purchase.tracker_id),
    }


def tracker(tracking_code: str, carrier: str, status: str, shipment_id: str | None, is_return: bool) -> Body:
    """A Tracker that was asked for by its code."""
    tracker_id, stamp = new_id("trk"), now()
    seen = status != "unknown"
    return {
        "id": tracker_id,
        "object": "Tracker",
        "mode": MODE,
        "tracking_code": tracking_code,
        "status": status,
        "status_detail": "status_update" if seen else "unknown",
        "created_at": stamp,
        "updated_at": stamp,
        "signed_by": None,
        "weight": None,
        "est_delivery_date": stamp if seen else None,
        "shipment_id": shipment_id,
        "carrier": carrier,
        "tracking_details": [_tracking_detail(carrier, status, stamp)] if seen else [],
        "carrier_detail": None,
        "finalized": seen,
        "is_return": is_return,
        "public_url": _public_url(tracker_id),
    }


def _tracking_detail(carrier: str, status: str, stamp: str) -> Body:
    nowhere = {"object": "TrackingLocation", "city": None, "state": None, "country": None, "zip": None}
    return {
        "object": "TrackingDetail",
        "message": status.replace("_", " ").capitalize(),
        "description": "",
        "status": status,
        "status_detail": "status_update",
        "datetime": stamp,
        "source": carrier,
        "carrier_code": "",
        "tracking_location": nowhere,
    }


def _public_url(tracker_id: str) -> str:
    token = base64.urlsafe_b64encode(f"v1:{tracker_id}".encode()).decode().rstrip("=")
    return f"https://track.easypost.com/{token}"
