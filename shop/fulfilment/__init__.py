"""Fulfilment: a confirmed return becomes a registered return, a paid label and an e-mail; each exactly once.

    register   the units that come back, one transaction        -> requested
    shipment   the carrier's return shipment, stored before it is paid for
    buy        the label, paid for once
    store      the PDF on disk, the label and its e-mail in one transaction -> labelled
    send       the e-mail                                       -> emailed

A registered return is a promise on disk: every later step is idempotent, waits for a locked-out carrier or
mail server with a growing pause, and is taken up again by the next process when this one is killed. The steps
run as a durable DBOS workflow. What cannot be promised is written in `shopbot.shop.mail.smtp`.
"""

from shopbot.shop.fulfilment.backoff import Backoff
from shopbot.shop.fulfilment.fulfilment import Fulfilment, open_fulfilment
from shopbot.shop.fulfilment.outcome import Outcome

__all__ = ["Backoff", "Fulfilment", "Outcome", "open_fulfilment"]
