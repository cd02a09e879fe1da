"""Fits text into a box: it is wrapped, then it shrinks; only what is still too much is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shopbot.shop.carrier.sandbox.label.typeface import width

LEADING = 1.18
_STEP = 0.5
_ELLIPSIS = "…"


@dataclass(frozen=True)
class FittedText:
    """Lines of text and the size, in points, at which they fit."""

    lines: tuple[str, ...]
    size: float


def fit(paragraphs: Sequence[str], font: str, box: tuple[float, float], largest: float, smallest: float) -> FittedText:
    """`paragraphs`, each from a new line, in a `box` of width and height in points."""
    room, height = box
    size = largest
    while size > smallest and not _fits(paragraphs, font, size, room, height):
        size -= _STEP
    lines = _wrapped(paragraphs, font, size, room)
    most = max(1, int(height / (size * LEADING)))
    if len(lines) > most:
        lines = _shared(paragraphs, font, size, room, most)
    return FittedText(tuple(lines), size)


def _fits(paragraphs: Sequence[str], font: str, size: float, room: float, height: float) -> bool:
    longest_word = max((width(word, font, size) for text in paragraphs for word in text.split()), default=0)
    return longest_word <= room and len(_wrapped(paragraphs, font, size, room)) * size * LEADING <= height


def _wrapped(paragraphs: Sequence[str], font: str, size: float, room: float) -> list[str]:
    return [line for text in paragraphs for line in wrap(text, font, size, room)]


def _shared(paragraphs: Sequence[str], font: str, size: float, room: float, most: int) -> list[str]:
    # No paragraph may push the others off the label: each keeps a line; the first to come shares the rest.
    wrapped = [wrap(text, font, size, room) for text in paragraphs[:most]]
    spare = most - len(wrapped)
    lines: list[str] = []
    for all_lines in wrapped:
        kept = all_lines[: 1 + spare]
        spare -= len(kept) - 1
        cut = len(kept) < len(all_lines)
        lines += [*kept[:-1], shorten(kept[-1] + _ELLIPSIS, font, size, room) if cut else kept[-1]]
    return lines


def wrap(text: str, font: str, size: float, room: float) -> list[str]:
    """`text` in lines no wider than `room`; a word that is wider by itself is broken."""
    lines = [""]
    for word in text.split():
        for piece in _pieces(word, font, size, room):
            joined = f"{lines[-1]} {piece}".strip()
            if width(joined, font, size) <= room:
                lines[-1] = joined
            else:
                lines.append(piece)
    return lines


def shorten(text: str, font: str, size: float, room: float) -> str:
    """`text`, with an ellipsis at its end instead of what does not fit on one line."""
    if width(text, font, size) <= room:
        return text
    kept = text.rstrip(_ELLIPSIS)
    while kept and width(kept + _ELLIPSIS, font, size) > room:
        kept = kept[:-1]
    return kept.rstrip() + _ELLIPSIS


def _pieces(word: str, font: str, size: float, room: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and width(pieces[-1] + character, font, size) > room:
            pieces.append("")
        pieces[-1] += character
    return pieces
