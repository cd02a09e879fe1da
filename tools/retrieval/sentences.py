"""The sentences of a text by their offsets, so that each can be quoted exactly as it stands, and those that answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_SENTENCES = 3
"""Of an answer."""
_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n{2,}|\n(?=\s*(?:[-*+]|\d+\.)\s)")
_ABBREVIATION = re.compile(r"\b(?:[a-z]\.[a-z]|etc|vs|no|approx|st|mr|mrs|ms|dr|inc)\.$", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """A sentence of a text, by its offsets."""

    start: int
    end: int


def sentences(text: str) -> list[Span]:
    """The sentences and list items of `text`; nothing but white space lies between them."""
    spans: list[Span] = []
    start = 0
    for gap in _END.finditer(text):
        ending = re.sub(r"\s+$", "", text[: gap.end()])
        if _ABBREVIATION.search(ending) and "\n" not in gap[0]:
            continue
        spans.append(Span(start, len(ending)))
        start = gap.end()
    spans.append(Span(start, len(text.rstrip())))
    return [span for span in spans if span.end > span.start]


def answer_among(scores: NDArray[np.float32], margin: float) -> tuple[int, int]:
    """The first and the last of the one to three sentences, side by side, that answer together.

    A sentence that says nearly as much as the best is taken in with what lies between: that is a condition or an
    exception as a rule.

    Args:
        scores: of each sentence of a text, in its order.
        margin: how much less than the best a sentence may score.
    """
    order: Sequence[int] = np.argsort(-scores, kind="stable").tolist()
    first = last = order[0]
    for each in order[1:]:
        within = scores[order[0]] - scores[each] <= margin
        if within and max(last, each) - min(first, each) < MOST_SENTENCES:
            first, last = min(first, each), max(last, each)
    return first, last
