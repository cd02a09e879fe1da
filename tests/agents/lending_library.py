"""A lending library to try the gate on: two questions, a look-up, and a write that needs the customer's yes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from shopbot.tools.action import Action, Call, Observation, Source, action


@dataclass
class Library:
    """What the actions below work with: which books were looked up, which were lent."""

    looked_up: list[str] = field(default_factory=list)
    lent: list[tuple[str, str]] = field(default_factory=list)


@action(gives=("card",), asks="card", title="ask for the card")
def take_card(call: Call[Library], card: Annotated[str, Source.CUSTOMER]) -> Observation:
    """Note the number of the library card."""
    return Observation(f"card {card} noted", facts={"card": card})


@action(gives=("book",), asks="book", title="ask for the book")
def choose_book(call: Call[Library], title: Annotated[str, Source.CUSTOMER]) -> Observation:
    """Note which book is wanted."""
    return Observation(f"{title} noted", facts={"book": title})


@action(needs=("book",), gives=("shelf",), title="find the shelf")
def find_shelf(call: Call[Library]) -> Observation:
    """Find the shelf of the book."""
    call.services.looked_up.append(call.facts["book"])
    return Observation("it stands on shelf 7", facts={"shelf": f"shelf of {call.facts['book']}"})


@action(needs=("card", "shelf"), gives=("loan",), effect="write", confirm="lend", goal=True, title="lend the book")
def lend(call: Call[Library]) -> Observation:
    """Lend the book to the holder of the card."""
    call.services.lent.append((call.facts["book"], call.key))
    return Observation("lent", facts={"loan": call.facts["book"]})


@action(title="count")
def count_pages(call: Call[Library], pages: int, title: Annotated[str, Source.ENGINE] = "") -> Observation:
    """Say something about a number of pages that the customer gave."""
    return Observation(f"{pages} pages")


@action(title="break")
def burn(call: Call[Library]) -> Observation:
    """Fail as no action should."""
    raise ZeroDivisionError("secret detail")


ACTIONS: list[Action] = [take_card, choose_book, find_shelf, lend, count_pages, burn]
