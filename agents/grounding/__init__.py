"""Grounding: is a value that an engine wrote really there in what was said, observed or established?

Spelling does not matter; what a value denotes does. Numbers are read as numbers, dates as dates, e-mail addresses and
identifiers whole, phrases by their words; each mention in a text stands for one value (see `numbers`, `dates`, `times`,
`addresses`, `identifiers` and `words` for what counts as one). Of a text the first `MAX_TEXT` characters are read, and
reading takes time in proportion to its length.

    is_grounded(21, ["twenty one of them"])                    # True; 201, 20 and 1 are not there
    ungrounded(args, texts, annotation=action.arguments)       # the leaves that nobody said
    ungrounded(args, gather([words, Observed(...), ...]))      # observations, without what the engine wrote into them
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shopbot.agents.grounding.evidence import Evidence, Observed, Passage, gather
from shopbot.agents.grounding.kinds import Kind
from shopbot.agents.grounding.leaves import Leaf, leaves, needs_grounding
from shopbot.agents.grounding.reading import Calendar, Reading
from shopbot.agents.grounding.search import find, is_said_with_an_article
from shopbot.agents.grounding.text import MAX_TEXT

__all__ = [
    "MAX_TEXT",
    "Calendar",
    "Evidence",
    "Kind",
    "Leaf",
    "Observed",
    "Passage",
    "contains",
    "gather",
    "is_grounded",
    "leaves",
    "needs_grounding",
    "ungrounded",
]

_NO_CALENDAR = Calendar()


def ungrounded(
    value: Any, texts: Iterable[str] | Evidence, annotation: Any = None, *, calendar: Calendar = _NO_CALENDAR
) -> list[Any]:
    """The leaves of `value`, at any depth, that none of `texts` contains.

    Args:
        value: an argument, or all of them: plain values or what the annotation says.
        texts: where to look; an `Evidence` leaves out what an engine wrote.
        annotation: the argument's type or pydantic field, or the model of all arguments; None goes by form.
        calendar: today's date for "tomorrow", and whether the day comes first in "7/3/1980".
    """
    passages = [Passage(text) if isinstance(text, str) else text for text in texts]
    readings = [passage.read(calendar) for passage in passages]
    return [leaf.value for leaf in leaves(value, annotation) if not _is_there(leaf, readings, passages)]


def is_grounded(
    value: Any,
    texts: Iterable[str] | Evidence,
    *,
    kind: Kind | None = None,
    annotation: Any = None,
    calendar: Calendar = _NO_CALENDAR,
) -> bool:
    """Whether `texts` contain the value, every leaf of it; `kind` overrules type, schema and form."""
    if kind is None:
        return not ungrounded(value, texts, annotation, calendar=calendar)
    passages = [Passage(text) if isinstance(text, str) else text for text in texts]
    return find(value, [passage.read(calendar) for passage in passages], kind)


def contains(text: str, value: Any) -> bool:
    """Whether one text contains the value, of whatever kind its form says."""
    return is_grounded(value, [text])


def _is_there(leaf: Leaf, readings: list[Reading], passages: list[Passage]) -> bool:
    if find(leaf.value, readings, leaf.kind):
        return True
    is_one = leaf.kind is Kind.NUMBER and leaf.value == 1
    return is_one and any(
        is_said_with_an_article(name, passage.text)
        for name in leaf.beside
        for passage in passages
        if not passage.echoes
    )
