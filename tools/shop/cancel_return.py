"""Drop a return that has not been arranged yet, because the customer says so."""

from __future__ import annotations

from shopbot.tools.action import Call, Observation, action
from shopbot.tools.shop.services import ShopServices


@action(title="drop the return")
def cancel_return(call: Call[ShopServices]) -> Observation:
    """Drop what is under way in this conversation, when the customer changes their mind or says stop.

    A return whose label has been requested already stays as it is; a person can undo it.
    """
    under_way = bool(call.facts.get("goals") or call.facts.get("items"))
    dropped = dict.fromkeys(("goals", "items", "offer"))
    text = "Dropped; nothing was arranged." if under_way else "There was nothing under way."
    return Observation(text, data={"under_way": under_way, "label": call.facts.get("label")}, facts=dropped)
