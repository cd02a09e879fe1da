"""Evidence: the texts in which a value may be found, without what an engine wrote itself.

What stands in the engine-written arguments of a call grounds nothing by standing in its observation, in whatever
spelling. And an action may compute anything out of such arguments (a sum, a query, a program): where they hold a
number or a quotation that nothing before has grounded, the whole observation grounds nothing. So 24.99 * 2 = 49.98
grounds 49.98 when the customer said 24.99 and two; 123455 + 1 = 123456 grounds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from shopbot.agents.grounding.figures import written_values
from shopbot.agents.grounding.numbers import PERCENT
from shopbot.agents.grounding.reading import Calendar, Reading, parse, read
from shopbot.agents.grounding.search import find
from shopbot.agents.grounding.text import LONGEST_NUMBER

_QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")
_HUNDRED = Fraction(100)
_NO_CALENDAR = Calendar()


@dataclass(frozen=True)
class Observed:
    """A call that has run: its arguments, the names of those that an engine wrote, and the text it returned."""

    action: str
    args: Mapping[str, Any]
    by_engine: Collection[str]
    text: str


@dataclass(frozen=True)
class Passage:
    """A text, and the texts whose values it may only be repeating."""

    text: str
    echoes: tuple[str, ...] = ()

    def read(self, calendar: Calendar) -> Reading:
        """What the text says of its own."""
        reading = read(self.text, calendar)
        for echo in self.echoes:
            reading = reading.less(read(echo, calendar))
        return reading


@dataclass(frozen=True)
class Evidence:
    """Passages in which values are looked for."""

    passages: tuple[Passage, ...] = field(default=())

    def __iter__(self) -> Iterator[Passage]:
        return iter(self.passages)


def gather(events: Iterable[str | Passage | Observed], calendar: Calendar = _NO_CALENDAR) -> Evidence:
    """The evidence of a conversation: what was said (texts) and what was observed, in order.

    With the `calendar` by which values are looked for afterwards, each text is read once.
    """
    passages: list[Passage] = []
    for event in events:
        if isinstance(event, str):
            passages.append(Passage(event))
            continue
        if isinstance(event, Passage):
            passages.append(event)
            continue
        written = tuple(_texts([event.args[name] for name in event.by_engine if name in event.args]))
        if all(_is_composed_of_given(text, passages, calendar) for text in written):
            passages.append(Passage(event.text, written))
    return Evidence(tuple(passages))


def _is_composed_of_given(written: str, passages: Iterable[Passage], calendar: Calendar) -> bool:
    """Whether every number and quotation in what an engine wrote is grounded; 100 belongs to a percentage."""
    readings = [passage.read(calendar) for passage in passages]
    said = {number for reading in readings for number in reading.numbers}
    values = {value for value, _ in said} | ({_HUNDRED} if any(unit == PERCENT for _, unit in said) else set())
    digits = {digits for reading in readings for digits in reading.identifiers}
    quotations = [first or second for first, second in _QUOTED.findall(written)]
    exact = {value for one in digits if one.isdecimal() for value in written_values(one.lstrip("0") or "0")}
    return _literals(written) <= values | exact and all(
        find(quotation, readings) for quotation in quotations if quotation.strip()
    )


def _literals(written: str) -> set[Fraction | None]:
    """The values of everything numeric, wherever it stands: what a program reads as a number is one. None stands for
    one that is too long to have been said."""
    mentions: set[Fraction | None] = {mention.value for mention in parse(written).numbers}
    found = re.findall(r"(?<![\w.])[0-9]+(?:\.[0-9]+)?", written)
    return mentions | {Fraction(one) if len(one) <= LONGEST_NUMBER else None for one in found}


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _texts([*value.keys(), *value.values()])
        elif isinstance(value, list | tuple | set):
            yield from _texts(value)
        elif value is not None and not isinstance(value, bool):
            yield str(value)
