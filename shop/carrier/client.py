"""Asks a carrier for return labels through the `easypost` SDK: EasyPost, or what speaks its v2 API.

Nothing is bought twice: the SDK's own retries are off, and when the answer to a purchase is lost, the
shipment is looked at before anything is said. It does not retry by itself and stores nothing: whoever calls
keeps the shipment id from before the purchase, and asks again with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from shopbot.shop.carrier.answers import Shipment, VerifiedAddress, failure
from shopbot.shop.carrier.download import download_pdf
from shopbot.shop.carrier.parcels import Address, Parcel, PurchasedLabel
from shopbot.shop.errors import CarrierError, CarrierRefused, CarrierUnavailable

if TYPE_CHECKING:
    import requests

SANDBOX_KEY = "EZTK-sandbox"  # the sandbox takes any key; EasyPost knows no such one

_Answer = TypeVar("_Answer", bound=BaseModel)
_STUMBLES = (AttributeError, LookupError, TypeError, ValueError, RecursionError)  # pydantic's are ValueErrors
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Carrier:
    """A carrier that sells return labels; safe to share between threads, to be closed at the end.

    Every method raises `CarrierUnavailable` when there was no clear answer (the outcome is unknown, asking
    again is right) and `CarrierRefused` when the carrier said no.

    Args:
        api_key: EasyPost key, test or production.
        api_base: base URL with the version, `https://api.easypost.com/v2` when None.
        timeout_s: seconds to wait for each answer.
    """

    def __init__(self, api_key: str, api_base: str | None = None, timeout_s: float = 10.0) -> None:
        self._api_key = api_key
        self._api_base = api_base.rstrip("/") if api_base else None
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._opened: Any = None

    def create_return(self, customer: Address, shop: Address, parcel: Parcel, reference: str) -> str:
        """Register a return shipment, which costs nothing yet.

        A return is described as the outbound shipment was; the carrier swaps the addresses on the label.

        Returns:
            The shipment id: store it before buying.
        """
        asked = {
            "is_return": True,
            "from_address": _fields(shop),
            "to_address": _fields(customer),
            "parcel": {
                "weight": parcel.weight_oz,
                "length": parcel.length_in,
                "width": parcel.width_in,
                "height": parcel.height_in,
            },
            "reference": reference,
            "options": {"label_format": "PDF"},
        }
        doing = "register the return"
        return self._ask(Shipment, doing, lambda carrier: carrier.shipment.create(**asked)).id

    def buy(self, shipment_id: str) -> PurchasedLabel:
        """Buy the cheapest label of a shipment that has none. Prefer `buy_once`.

        Raises:
            CarrierRefused: also when the shipment has been bought before, or the carrier offers no rate.
        """
        return self._purchase(self._shipment(shipment_id))

    def bought(self, shipment_id: str) -> PurchasedLabel | None:
        """The label of the shipment, or None while it has none."""
        return _label(self._shipment(shipment_id))

    def buy_once(self, shipment_id: str) -> PurchasedLabel:
        """The label of the shipment, bought now unless it was bought before; safe to repeat."""
        shipment = self._shipment(shipment_id)
        return _label(shipment) or self._buy_and_make_sure(shipment)

    def download(self, label: PurchasedLabel) -> bytes:
        """The label as a PDF file; its address is asked for anew, since addresses move and expire."""
        shipment = self._shipment(label.shipment_id)
        url = shipment.postage_label.pdf_url if shipment.postage_label else None
        url = url or self._convert(label.shipment_id)
        return download_pdf(url, self._session, self._timeout_s)

    def verify(self, address: Address) -> Address:
        """The address as the post writes it.

        Raises:
            CarrierRefused: it cannot be delivered to; the sentence says why.
        """

        def ask(carrier: Any) -> Any:
            return carrier.address.create(verify_strict=True, **_fields(address))

        found = self._ask(VerifiedAddress, "verify the address", ask)
        place = {name: value or "" for name, value in found.model_dump().items()}
        return replace(address, **place)

    def close(self) -> None:
        """Give the connections back; the carrier can still be used and opens new ones."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened._requests_session.close()

    def __enter__(self) -> Carrier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _shipment(self, shipment_id: str) -> Shipment:
        if not shipment_id.replace("_", "").replace("-", "").isalnum() or not shipment_id.isascii():
            raise CarrierRefused(f"{shipment_id[:80]!r} is not the id of a shipment.")
        return self._ask(Shipment, "find the shipment", lambda carrier: carrier.shipment.retrieve(shipment_id))

    def _purchase(self, shipment: Shipment) -> PurchasedLabel:
        if not shipment.rates:
            raise CarrierRefused(
                f"The carrier offers no service for shipment {shipment.id}: check weight and addresses."
            )
        cheapest = min(shipment.rates, key=lambda rate: rate.rate)

        def ask(carrier: Any) -> Any:
            return carrier.shipment.buy(shipment.id, rate={"id": cheapest.id})

        label = _label(self._ask(Shipment, "sell the label", ask))
        if label is None:
            raise CarrierUnavailable(
                f"The carrier sold no label for shipment {shipment.id} and did not say why: try again."
            )
        return label

    def _buy_and_make_sure(self, shipment: Shipment) -> PurchasedLabel:
        try:
            return self._purchase(shipment)
        except CarrierError:
            # The label may be bought all the same: the answer was lost, or another process was first.
            found = self._look(shipment.id)
            if found is None:
                raise
            return found

    def _look(self, shipment_id: str) -> PurchasedLabel | None:
        try:
            return self.bought(shipment_id)
        except CarrierError:
            return None

    def _convert(self, shipment_id: str) -> str:
        def ask(carrier: Any) -> Any:
            return carrier.shipment.label(shipment_id, file_format="PDF")

        shipment = self._ask(Shipment, "convert the label", ask)
        url = shipment.postage_label.pdf_url if shipment.postage_label else None
        if url is None:
            raise CarrierUnavailable(f"The carrier has no PDF of the label of shipment {shipment_id} yet: try again.")
        return url

    def _ask(self, kind: type[_Answer], doing: str, ask: Callable[[Any], Any]) -> _Answer:
        from easypost.errors import EasyPostError

        try:
            return kind.model_validate(ask(self._client).to_dict())
        except (EasyPostError, *_STUMBLES) as error:
            # Beyond its own errors, the SDK stumbles over JSON that is not what it expects.
            raise failure(error, doing) from error

    @property
    def _client(self) -> Any:
        with self._lock:
            if self._opened is None:
                self._opened = _open_client(self._api_key, self._api_base, self._timeout_s)
            return self._opened

    @property
    def _session(self) -> requests.Session:
        session: requests.Session = self._client._requests_session
        return session


def _open_client(api_key: str, api_base: str | None, timeout_s: float) -> Any:
    import easypost
    from requests.adapters import HTTPAdapter

    base = {"api_base": api_base} if api_base else {}
    client = easypost.EasyPostClient(api_key, timeout=timeout_s, **base)
    session = client._requests_session
    session.adapters.clear()  # the SDK's own adapter tries three times more
    session.mount("https://", HTTPAdapter(max_retries=0))
    session.mount("http://", HTTPAdapter(max_retries=0))
    session.max_redirects = 0  # a redirected POST could buy elsewhere, or turn into a GET
    # A proxy or .netrc of the machine is not meant for a carrier on the same machine.
    session.trust_env = urlsplit(client.api_base).hostname not in _LOOPBACK
    return client


def _fields(address: Address) -> dict[str, str]:
    return {name: value for name, value in vars(address).items() if value}


def _label(shipment: Shipment) -> PurchasedLabel | None:
    if shipment.postage_label is None:
        return None
    if shipment.tracking_code is None or shipment.selected_rate is None:
        raise CarrierUnavailable(f"The carrier sold shipment {shipment.id} but shows no tracking code yet: try again.")
    return PurchasedLabel(
        shipment_id=shipment.id,
        tracking_code=shipment.tracking_code,
        carrier=shipment.selected_rate.carrier,
        service=shipment.selected_rate.service,
        label_url=shipment.postage_label.label_url,
        cost_cents=shipment.selected_rate.cents,
    )
