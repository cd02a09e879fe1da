"""Arrange the return that the customer has agreed to: registered, label bought, label e-mailed; each exactly once.

Where the parcel starts and where the e-mail goes is read from the database by the fulfilment: no argument here could
change either.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shopbot.prompts import load_data
from shopbot.shop.errors import ReturnRefused, TermsChanged
from shopbot.shop.fulfilment.outcome import Outcome
from shopbot.shop.offer import Agreement, is_fresh
from shopbot.tools.action import Call, Observation, action
from shopbot.tools.shop.services import ShopServices


def _find_return(call: Call[ShopServices]) -> Observation | None:
    """What became of the return that was offered, when the turn that arranged it was cut short."""
    outcome = call.services.shop.fulfilment.find(**_units(call.facts["offer"]))
    return None if outcome is None else _arranged(outcome)


@action(
    needs=("customer", "offer"),
    gives=("label",),
    effect="write",
    confirm="arrange_return",
    goal=True,
    idempotent=True,
    lookup=_find_return,
    title="arrange the return",
)
def arrange_return(call: Call[ShopServices]) -> Observation:
    """Register the return that was offered, buy its label and e-mail it, once the customer has said yes."""
    shop, offer, customer = call.services.shop, call.facts["offer"], call.facts["customer"]
    if not _is_verified(call):
        return _check_again("unverified", load_data("fulfilment/errors.yaml")["terms"]["unverified"])
    try:
        outcome = shop.fulfilment.arrange(
            **_units(offer),
            customer_id=customer["id"],
            conversation=call.conversation,
            agreed=Agreement(offer, shop.rules, shop.now(), timedelta(minutes=shop.limits.offer_minutes)),
        )
    except TermsChanged as change:
        return _check_again(*change.changed, str(change))
    except ReturnRefused as refusal:
        return Observation(str(refusal), data={"error": str(refusal)}, facts={"offer": None}, ok=False)
    return _arranged(outcome)


def _units(offer: Mapping[str, Any]) -> dict[str, Any]:
    """Which units are offered: order, pieces by line, and how many of each line came back before."""
    return {
        "order_number": offer["order_number"],
        "items": {line["id"]: line["quantity"] for line in offer["lines"]},
        "returned_before": {line["id"]: line["before"] for line in offer["lines"]},
    }


def _arranged(outcome: Outcome) -> Observation:
    data = {
        "status": outcome.status,
        "return_id": outcome.return_id,
        "refund_total": outcome.refund_total,
        "tracking_code": outcome.tracking_code,
        "recipient": outcome.recipient,
        "detail": outcome.detail,
    }
    text = f"Return R{outcome.return_id}: {outcome.status}. {outcome.detail}"
    return Observation(text, data=data, facts={"label": data, "items": None, "offer": None})


def _is_verified(call: Call[ShopServices]) -> bool:
    """Whether order and customer are still those that were checked, not too long ago."""
    shop, customer = call.services.shop, call.facts["customer"]
    valid = timedelta(minutes=shop.limits.verification_minutes)
    same = customer["order_number"] == call.facts["order_number"]
    return same and is_fresh(customer.get("at"), shop.now(), valid)


def _check_again(*changed: str) -> Observation:
    """Nothing was arranged: the offer is withdrawn, and the verification when it is in doubt, so that the way to a new
    question begins there. The last of `changed` is the sentence for the customer."""
    *what, sentence = changed
    facts: dict[str, Any] = {"offer": None}
    if {"address", "unverified"} & set(what):
        facts |= {"customer": None, "email": None}
    return Observation(sentence, data={"error": sentence, "changed": what}, facts=facts, ok=False)
