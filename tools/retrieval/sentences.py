"""Splits text into sentences by their offsets, so that each can be quoted exactly as it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
