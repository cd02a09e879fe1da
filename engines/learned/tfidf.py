"""Nearest neighbour over TF-IDF: the label of the recorded text that a text is most like.

Agents that speak by templates (a wizard, an action that replies by itself) leave words, not action names, in a
conversation; replies recorded with their action name those words again. The measure is the cosine of
inverse-document-frequency weights over lower-case words, without digits since they are values. Standard library only,
below a millisecond.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[^\W\d_]+")
LEAST_COSINE = 0.35
"""Below this cosine a text is like nothing recorded."""


class TfidfIndex:
    """Recorded texts with a label each: reply templates with the action behind them, or situations with their reply.

    Args:
        entries: (text, label) pairs; as an action's label, "" is the plain reply.
    """

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self.entries = tuple(entries)
        bags = [_words(text) for text, _ in self.entries]
        seen = Counter(word for bag in bags for word in bag)
        self._weight = {word: math.log(1 + len(bags) / count) for word, count in seen.items()}
        self._rare = math.log(1 + len(bags))
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for index, bag in enumerate(bags):
            norm = self._norm(bag)
            for word, count in bag.items():
                self._postings[word].append((index, self._weight[word] * count / norm))
        self.nearest = lru_cache(maxsize=65_536)(self._nearest)

    @classmethod
    def collect(cls, pairs: Iterable[tuple[str, str]], most: int = 12) -> TfidfIndex:
        """The `most` frequent texts of each label, of texts with the same words the first."""
        counts: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        first: dict[tuple[str, tuple[str, ...]], str] = {}
        for text, label in pairs:
            key = tuple(sorted(_words(text)))
            if key:
                counts[label][key] += 1
                first.setdefault((label, key), text)
        return cls((first[label, key], label) for label in sorted(counts) for key, _ in counts[label].most_common(most))

    @classmethod
    def from_json(cls, entries: Sequence[Sequence[Any]]) -> TfidfIndex:
        """What `as_json` wrote."""
        return cls((str(text), str(label)) for text, label in entries)

    def with_new_labels_of(self, other: TfidfIndex) -> TfidfIndex:
        """These entries, and those of the other's whose label has none here."""
        known = {label for _, label in self.entries}
        return TfidfIndex((*self.entries, *(entry for entry in other.entries if entry[1] not in known)))

    def _nearest(self, text: str) -> tuple[str, float] | None:
        """The label of the entry most like `text` and their cosine; None when nothing is like it."""
        bag = _words(text)
        if not bag or not self.entries:
            return None
        totals: dict[int, float] = defaultdict(float)
        for word, count in bag.items():
            for index, share in self._postings.get(word, ()):
                totals[index] += share * count * self._weight[word]
        if not totals:
            return None
        best = max(totals, key=lambda index: (totals[index], -index))
        cosine = totals[best] / self._norm(bag)
        return (self.entries[best][1], cosine) if cosine >= LEAST_COSINE else None

    def _norm(self, bag: Counter[str]) -> float:
        return math.sqrt(sum((self._weight.get(word, self._rare) * count) ** 2 for word, count in bag.items())) or 1.0

    def as_json(self) -> list[list[str]]:
        """The entries as JSON can hold them; `from_json` reads them back."""
        return [list(entry) for entry in self.entries]


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.lower()))
