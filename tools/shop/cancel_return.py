"""Drop a return that has not been arranged yet, because the customer says so."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Return
from shopbot.tools.action import Call, Observation, action
from shopbot.tools.shop.services import ShopServices

_NUMBER = re.compile(r"(?<![\w-])(?:R|return (?:(?:number|no\.?|nr\.?) ?#?|#))(\d{1,9})(?![\w-])", re.IGNORECASE)


@action(title="drop the return")
def cancel_return(call: Call[ShopServices]) -> Observation:
    """Drop what is under way in this conversation, when the customer changes their mind or says stop.

    A return whose label has been requested already stays as it is, whichever conversation arranged it; a person can
    undo it. Who names such a return by its number means it, and not what is under way.
    """
    under_way = bool(call.facts.get("goals") or call.facts.get("items"))
    arranged = _arranged(call)
    named = _named(call)
    elsewhere = [number for number in named if number not in arranged]
    text = "Nothing was dropped." if named else "Dropped." if under_way else "There was nothing under way."
    if elsewhere:
        text += f" Not arranged in this conversation and left as it is: {_listed(elsewhere)}."
    text += f" Arranged before and not undone: {_listed(arranged)}." if arranged else " Nothing was arranged."
    dropped = {} if named else dict.fromkeys(("goals", "items", "offer"))
    data = {"under_way": under_way, "arranged": arranged, "named": named, "elsewhere": elsewhere}
    return Observation(text, data=data, facts=dropped)


def _listed(numbers: list[int]) -> str:
    return ", ".join(f"R{number}" for number in numbers)


def _named(call: Call[ShopServices]) -> list[int]:
    """The returns that the customer's newest message names by their numbers."""
    newest = next((words for speaker, words in reversed(call.transcript) if speaker == "customer"), "")
    return list(dict.fromkeys(int(number) for number in _NUMBER.findall(newest)))


def _arranged(call: Call[ShopServices]) -> list[int]:
    """The returns that this conversation has arranged: what its facts remember of them falls with the verification."""
    if not call.conversation:
        return []
    with Session(call.services.shop.database) as session:
        return list(
            session.scalars(select(Return.id).where(Return.conversation == call.conversation).order_by(Return.id))
        )
