"""What a carrier answers, checked at the edge: the parts that the shop reads, and the failures.

Everything a carrier says is data: text is cut to one printable line before it is shown, ids and amounts must
have their form. Which failure means what is decided here and nowhere else.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from shopbot.shop.errors import CarrierError, CarrierRefused, CarrierUnavailable

_LONGEST_QUOTE = 200
_ASK_LATER = frozenset({408, 425, 429})
# EasyPost answers 422 to these although the label may have been bought, or may be bought a moment later.
_OUTCOME_UNKNOWN = frozenset(
    {"SHIPMENT.POSTAGE.TIMED_OUT", "SHIPMENT.POSTAGE.NO_RESPONSE", "SHIPMENT.PURCHASE.IN_PROGRESS"}
)

Id = Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")


class Rate(BaseModel):
    """A price for a service, in dollars."""

    id: str = Id
    carrier: str
    service: str
    rate: Decimal = Field(ge=0, lt=100_000, allow_inf_nan=False)

    @property
    def cents(self) -> int:
        """The price in whole cents."""
        return int((self.rate * 100).to_integral_value())


class PostageLabel(BaseModel):
    """Where a bought label can be fetched."""

    label_url: str
    label_file_type: str | None = None
    label_pdf_url: str | None = None

    @property
    def pdf_url(self) -> str | None:
        """The address of the label as PDF, when there is one."""
        if self.label_pdf_url:
            return self.label_pdf_url
        return self.label_url if self.label_file_type == "application/pdf" else None


class Shipment(BaseModel):
    """A shipment, bought or not."""

    id: str = Id
    rates: list[Rate] = []
    tracking_code: str | None = Field(None, pattern=r"^[A-Za-z0-9]{4,40}$")
    selected_rate: Rate | None = None
    postage_label: PostageLabel | None = None


class VerifiedAddress(BaseModel):
    """An address as the carrier writes it."""

    street1: str
    street2: str | None = None
    city: str
    state: str | None = None
    zip: str | None = None
    country: str


def failure(error: Exception, doing: str) -> CarrierError:
    """The failure that an exception of the `easypost` package means, told as a sentence."""
    status = getattr(error, "http_status", None)
    code = str(getattr(error, "code", None) or "")
    if not isinstance(status, int) or not 400 <= status < 500 or type(error).__name__ == "JsonError":
        return CarrierUnavailable(
            f"The carrier gave no clear answer when asked to {doing} ({_what(error)}): try again."
        )
    if status in _ASK_LATER or code in _OUTCOME_UNKNOWN:
        return CarrierUnavailable(f"The carrier is busy when asked to {doing} ({quoted(code)}): try again.")
    said = quoted(getattr(error, "message", ""))
    return CarrierRefused(f"The carrier refused to {doing}: {said} ({quoted(code)}{_details(error)}).")


def quoted(text: object) -> str:
    """A carrier's text as one short printable line."""
    line = " ".join(re.sub(r"[^\w\s.,:;!?'()/@#+-]", " ", str(text)).split())
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"


def _what(error: Exception) -> str:
    status = getattr(error, "http_status", None)
    return f"status {status}" if isinstance(status, int) else type(error).__name__


def _details(error: Exception) -> str:
    errors: Any = getattr(error, "errors", None)
    found = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    told = [f"{quoted(entry.get('field', ''))}: {quoted(entry.get('message', ''))}" for entry in found[:3]]
    return "".join(f"; {line}" for line in told)
