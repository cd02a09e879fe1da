"""What dev and test wordings can say, so that training says none of it, though another template could.

Two templates may meet in a sentence ("drop it" out of ten ways to stop). Dealing templates to the splits does not
keep such a sentence out of training; this does. Values count as the slots they fill.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from shopbot.optimize.shopbot.conversations.grammar import Choice, Node, Slot, parse
from shopbot.optimize.shopbot.conversations.phrasebook import load_phrasebook

_MOST = 4_000
"""Readings of one template that are written out; the few that have more are covered as far as that."""
_LEFT_OUT = re.compile(r"[^\w<> ]+")


def is_held_back(saying: str) -> bool:
    """Whether a wording kept for dev or test can say this, but for case and punctuation; slots stand as `<name>`."""
    return normalised(saying) in _held_back()


def normalised(saying: str) -> str:
    """Words and slots alone, in lower case."""
    return " ".join(_LEFT_OUT.sub("", saying.lower()).split())


def readings(template: str) -> Iterator[str]:
    """Everything that a template can say, slots as `<name>`, in a fixed order."""
    return _all(parse(template))


@cache
def _held_back() -> frozenset[str]:
    held: set[str] = set()
    for family in load_phrasebook().families.values():
        train = set(family.wordings["train"])
        for template in (*family.wordings["dev"], *family.wordings["test"]):
            if template not in train:
                held |= _normalised(itertools.islice(readings(template), _MOST))
    # What customers say most is learned, whatever else could say it.
    for family in load_phrasebook().families.values():
        for template in family.core:
            held -= _normalised(readings(template))
    return frozenset(held)


def _normalised(sayings: Iterable[str]) -> set[str]:
    return {normalised(saying) for saying in sayings}


def _all(nodes: Sequence[Node]) -> Iterator[str]:
    if not nodes:
        yield ""
        return
    for first in _one(nodes[0]):
        for rest in _all(nodes[1:]):
            yield first + rest


def _one(node: Node) -> Iterator[str]:
    match node:
        case Slot(name):
            yield f"<{name}>"
        case Choice(options):
            for option in options:
                yield from _all(option)
        case _:
            yield node
