"""The errors a shop can meet, as one tree.

ShopError                 whoever reads it can act on it: each message is a sentence with the way out
├── SettingsError         a SHOPBOT_* variable cannot be used         (shop.settings)
├── DatabaseError         the order database cannot be opened or read (shop.database)
├── CarrierError          the carrier did not do what was asked       (shop.carrier)
│   ├── CarrierUnavailable    no clear answer: ask again later
│   └── CarrierRefused        a clear no: asking again will not help
├── MailError             the mail server did not take a message      (shop.mail)
└── ReturnRefused         the items can no longer be returned         (shop.fulfilment)
    └── TermsChanged          not on the terms that were agreed to        (shop.fulfilment.terms)
"""

from collections.abc import Mapping
from typing import Any

from shopbot.errors import AgentError


class ShopError(AgentError):
    """Root of every expected failure; `str(error)` is a sentence for the person who reads it."""


class DatabaseError(ShopError):
    """The order database cannot be opened, is locked, or is damaged."""


class CarrierError(ShopError):
    """The carrier did not do what was asked."""


class CarrierUnavailable(CarrierError):
    """Time-out, dropped connection or a 5xx answer: the outcome is unknown, so ask again."""


class CarrierRefused(CarrierError):
    """The carrier understood and said no (a 4xx answer): asking again will not help."""


class MailError(ShopError):
    """The mail server did not take the message; it stays in the outbox and is tried again."""


class ReturnRefused(ShopError):
    """What the customer wants to send back is no longer there to be returned."""


class TermsChanged(ReturnRefused):
    """What the customer agreed to is not what would be registered now; nothing was written.

    `changed` says in what (`shopbot.shop.offer.what_changed`, or "refused", or "expired"), `offer` is what would hold
    now; None when nothing could come back on any terms.
    """

    def __init__(self, sentence: str, changed: tuple[str, ...], offer: Mapping[str, Any] | None) -> None:
        super().__init__(sentence)
        self.changed = changed
        self.offer = offer
