"""What a search returns: passages, each a place of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shopbot.tools.retrieval.chunks import Chunk

MOST_PARTS = 3
"""So many neighbouring parts of one section become one passage."""
ALIKE = 0.9
"""Share of their different words that two texts have in common, from which on they say the same."""
_PART = re.compile(r"(?:-(\d+))?$")


@dataclass(frozen=True)
class Passage:
    """A section of a document. `score` compares passages of one search, from 0 to 1.

    `key` names it; `also` are the keys of what was found with it: the parts of the same section that `text` goes on
    with, and other passages that say the same. `metadata` is the document's or the row's own, by which a search can be
    filtered.
    """

    key: str
    source: str
    heading: str
    text: str
    score: float
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    also: tuple[str, ...] = ()


def passage_of(chunk: Chunk, score: float = 1.0) -> Passage:
    """A chunk as it is shown."""
    return Passage(chunk.key, chunk.source, chunk.heading, chunk.text, max(0.0, min(score, 1.0)), chunk.metadata)


def places(ranked: Iterable[tuple[Chunk, float]], k: int) -> list[Passage]:
    """The first `k` different places of a ranking: what continues or repeats a better one becomes part of it."""
    found: list[_Place] = []
    for chunk, score in ranked:
        taken = any(place.takes(chunk) for place in found)
        if not taken and len(found) == k:
            break
        if not taken:
            found.append(_Place(chunk, score))
    return [place.passage for place in found]


class _Place:
    """A passage that others may join."""

    def __init__(self, chunk: Chunk, score: float) -> None:
        self._first, self._score = chunk, score
        self._parts = {_part(chunk.key)[1]: chunk}
        self._same: list[str] = []
        self._words = _words(chunk.text)

    def takes(self, chunk: Chunk) -> bool:
        """Take in a chunk that belongs to this place; False when it does not."""
        if self._continues(chunk):
            self._parts[_part(chunk.key)[1]] = chunk
            return True
        if self._repeats(chunk):
            self._same.append(chunk.key)
            return True
        return False

    @property
    def passage(self) -> Passage:
        """The place as one passage, its parts in reading order."""
        parts = [self._parts[number] for number in sorted(self._parts)]
        also = (*(part.key for part in parts if part is not self._first), *self._same)
        text = "\n\n".join(part.text for part in parts)
        return replace(passage_of(self._first, self._score), text=text, also=also)

    def _continues(self, chunk: Chunk) -> bool:
        section, number = _part(chunk.key)
        beside = number - 1 in self._parts or number + 1 in self._parts
        same = (section, chunk.heading, chunk.source) == (
            _part(self._first.key)[0],
            self._first.heading,
            self._first.source,
        )
        return same and beside and len(self._parts) < MOST_PARTS

    def _repeats(self, chunk: Chunk) -> bool:
        others = _words(chunk.text)
        return len(self._words & others) >= ALIKE * len(self._words | others)


def _part(key: str) -> tuple[str, int]:
    """The key of a section, and which of its parts this is, from 1."""
    found = _PART.search(key)
    number = int(found[1]) if found and found[1] else 1
    return key[: found.start()] if found and number > 1 else key, number


def _words(text: str) -> frozenset[str]:
    return frozenset(text.lower().split())
