"""Drop a return that has not been arranged yet, because the customer says so."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Return
from shopbot.tools.action import Call, Observation, action
from shopbot.tools.shop.services import ShopServices


@action(title="drop the return")
def cancel_return(call: Call[ShopServices]) -> Observation:
    """Drop what is under way in this conversation, when the customer changes their mind or says stop.

    A return whose label has been requested already stays as it is; a person can undo it.
    """
    under_way = bool(call.facts.get("goals") or call.facts.get("items"))
    dropped = dict.fromkeys(("goals", "items", "offer"))
    arranged = _arranged(call)
    text = "Dropped." if under_way else "There was nothing under way."
    text += (
        f" Arranged before and not undone: {', '.join(f'R{i}' for i in arranged)}."
        if arranged
        else " Nothing was arranged."
    )
    return Observation(text, data={"under_way": under_way, "arranged": arranged}, facts=dropped)


def _arranged(call: Call[ShopServices]) -> list[int]:
    """The returns that this conversation has arranged: what its facts remember of them falls with the verification."""
    if not call.conversation:
        return []
    with Session(call.services.shop.database) as session:
        return list(
            session.scalars(select(Return.id).where(Return.conversation == call.conversation).order_by(Return.id))
        )
