"""The carrier that takes parcels back: a client for EasyPost's API and a sandbox that speaks it.

What a shop uses: `open_carrier(settings)` gives a `Carrier`. What tests use beside it:
`shopbot.shop.carrier.sandbox.server` (`SandboxCarrier`) and `shopbot.shop.carrier.sandbox.faults` (`Faults`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from shopbot.shop.carrier.client import SANDBOX_KEY, Carrier
from shopbot.shop.carrier.parcels import Address, Parcel, PurchasedLabel
from shopbot.shop.settings import Settings, SettingsError

__all__ = ["Address", "Carrier", "Parcel", "PurchasedLabel", "open_carrier"]


@contextmanager
def open_carrier(settings: Settings) -> Iterator[Carrier]:
    """The carrier that the settings name; without a key and a URL, a sandbox in `data/carrier`.

    Raises:
        SettingsError: the carrier's URL cannot be used.
        CarrierError: the sandbox cannot start.
    """
    if settings.easypost_api_key or settings.carrier_url:
        with _configured(settings) as carrier:
            yield carrier
        return
    from shopbot.shop.carrier.sandbox.server import SandboxCarrier

    with (
        SandboxCarrier(settings.data / "carrier", settings.carrier_port) as sandbox,
        Carrier(SANDBOX_KEY, sandbox.url, settings.carrier_timeout_s) as carrier,
    ):
        yield carrier


def _configured(settings: Settings) -> Carrier:
    url, key = settings.carrier_url, settings.easypost_api_key
    if url is not None and not _is_http(url):
        raise SettingsError(f"SHOPBOT_CARRIER_URL is {url!r}: not a base URL; for example https://api.easypost.com/v2.")
    return Carrier(key.get_secret_value() if key else SANDBOX_KEY, url, settings.carrier_timeout_s)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
