"""Arrange the return that the customer has agreed to: registered, label bought, label e-mailed; each exactly once.

Where the parcel starts and where the e-mail goes is read from the database by the fulfilment: no argument here could
change either.
"""

from __future__ import annotations

from shopbot.shop.errors import ReturnRefused
from shopbot.tools.action import Call, Observation, action
from shopbot.tools.shop.services import ShopServices


@action(
    needs=("customer", "offer"),
    gives=("label",),
    effect="write",
    confirm="arrange_return",
    goal=True,
    title="arrange the return",
)
def arrange_return(call: Call[ShopServices]) -> Observation:
    """Register the return that was offered, buy its label and e-mail it, once the customer has said yes."""
    offer, customer = call.facts["offer"], call.facts["customer"]
    try:
        outcome = call.services.shop.fulfilment.arrange(
            order_number=offer["order_number"],
            customer_id=customer["id"],
            items={line["id"]: line["quantity"] for line in offer["lines"]},
            conversation=call.conversation,
            returned_before={line["id"]: line["before"] for line in offer["lines"]},
        )
    except ReturnRefused as refusal:
        return Observation(str(refusal), data={"error": str(refusal)}, facts={"offer": None}, ok=False)
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
