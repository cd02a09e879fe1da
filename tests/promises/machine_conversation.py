"""A conversation as its customer lives it: what was said, what was read, what was asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

_ASKED = "Here is what I would arrange for order"
_AGAIN = re.compile(r"About your return \((.*); refund \$([\d,.]+)\): shall I request")
_LINE = re.compile(r"^- (\d+) × (.+): \$([\d,]+\.\d\d)$", re.MULTILINE)
_PIECES = re.compile(r"(\d+) × ([^;]+)")
_REFUND = re.compile(r"^Refund: \$([\d,]+\.\d\d)", re.MULTILINE)


class Violation(AssertionError):
    """A promise is broken."""


@dataclass(frozen=True)
class Terms:
    """What a confirmation question put to the customer: pieces by name, their refunds where shown, and the total."""

    order: str | None
    pieces: Mapping[str, int]
    refunds: Mapping[str, int]
    total: int


@dataclass
class Said:
    """A message of the customer's; `agrees` in its words, or with a button to the question `button`."""

    id: str
    text: str
    agrees: bool = False
    button: str | None = None
    used: bool = False


@dataclass
class Shown:
    """A reply that the customer has read; `question` is the id of the confirmation that it asks for."""

    id: str
    text: str
    question: str | None
    at: datetime

    @property
    def terms(self) -> Terms | None:
        """What it asks the customer to agree to."""
        if self.text.count(_ASKED) > 1:
            raise Violation(f"two questions in one reply: {self.text!r}")
        _, asked, rest = self.text.partition(_ASKED)
        if asked:
            lines = _LINE.findall(rest)
            pieces = {name: int(count) for count, name, _ in lines}
            refunds = {name: _cents(price) for _, name, price in lines}
            return Terms(rest.split(":")[0].strip(), pieces, refunds, _cents(_REFUND.findall(rest)[0]))
        again = _AGAIN.search(self.text)
        if again:
            return Terms(None, {name: int(n) for n, name in _PIECES.findall(again[1])}, {}, _cents(again[2]))
        return None


def _cents(amount: str) -> int:
    return int(amount.replace(",", "").replace(".", ""))


@dataclass
class Conversation:
    """One conversation as its customer lived it."""

    thread: str
    honest: bool
    entries: list[Said | Shown] = field(default_factory=list)
    must_keep: set[str] = field(default_factory=set)
    entitled: set[int] = field(default_factory=set)
    """Customers whose order number and address on record were given here."""
    unanswered: str = ""
    """What was sent and met an error."""

    @property
    def words(self) -> str:
        """All that its customer has said."""
        return "\n".join(entry.text for entry in self.entries if isinstance(entry, Said)).lower()

    @property
    def shown(self) -> list[Shown]:
        """What its customer has read."""
        return [entry for entry in self.entries if isinstance(entry, Shown)]

    @property
    def asked(self) -> Shown | None:
        """The confirmation question that the customer has in front of them."""
        last = self.entries[-1] if self.entries else None
        return last if isinstance(last, Shown) and last.question else None

    def agreement(self, said: Said) -> Shown | None:
        """The question right before, if what was said is a clear yes to it."""
        place = next(i for i, entry in enumerate(self.entries) if entry is said)
        before = self.entries[place - 1] if place else None
        if said.used or not said.agrees or not isinstance(before, Shown) or before.terms is None:
            return None
        return before if said.button in (None, before.question) else None
