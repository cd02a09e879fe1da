"""Which action a remark of the agent carried out: the recorded remark that it is most like.

Agents that speak by acting (a wizard choosing among templates, an action that replies by itself) leave words, not
names, in a conversation. Remarks recorded with their action name those words again. The measure is the cosine of
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
LIKE = 0.35
"""Below this cosine a remark is like nothing recorded."""


class Sayings:
    """Recorded remarks and the action behind each.

    Args:
        entries: (remark, action) pairs; "" as action for a plain reply.
    """

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self.entries = tuple(entries)
        bags = [_words(remark) for remark, _ in self.entries]
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
    def collect(cls, pairs: Iterable[tuple[str, str]], most: int = 12) -> Sayings:
        """The `most` frequent wordings of each action, of wordings with the same words the first."""
        counts: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        first: dict[tuple[str, tuple[str, ...]], str] = {}
        for remark, action in pairs:
            key = tuple(sorted(_words(remark)))
            if key:
                counts[action][key] += 1
                first.setdefault((action, key), remark)
        return cls(
            (first[action, key], action) for action in sorted(counts) for key, _ in counts[action].most_common(most)
        )

    def and_those_of(self, other: Sayings) -> Sayings:
        """These, and the other's remarks of actions that these know none of."""
        known = {action for _, action in self.entries}
        return Sayings((*self.entries, *(entry for entry in other.entries if entry[1] not in known)))

    def _nearest(self, remark: str) -> tuple[str, float] | None:
        """The action of the recorded remark most like `remark` and their cosine; None when nothing is like it."""
        bag = _words(remark)
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
        return (self.entries[best][1], cosine) if cosine >= LIKE else None

    def _norm(self, bag: Counter[str]) -> float:
        return math.sqrt(sum((self._weight.get(word, self._rare) * count) ** 2 for word, count in bag.items())) or 1.0

    def as_json(self) -> list[list[str]]:
        """The entries as JSON can hold them; `Sayings(map(tuple, …))` reads them back."""
        return [list(entry) for entry in self.entries]


def read_sayings(entries: Sequence[Sequence[Any]]) -> Sayings:
    """What `as_json` wrote."""
    return Sayings((str(remark), str(action)) for remark, action in entries)


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.lower()))
