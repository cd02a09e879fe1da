"""Where everything on a label goes: from its words to marks on 4 x 6 inches. Draws nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

from shopbot.shop.carrier.sandbox.label.barcode import code128
from shopbot.shop.carrier.sandbox.label.content import Label
from shopbot.shop.carrier.sandbox.label.fitting import LEADING, fit, shorten
from shopbot.shop.carrier.sandbox.label.marks import WIDTH, Box, Mark, Text
from shopbot.shop.carrier.sandbox.label.typeface import BOLD, REGULAR

MODULE = 1.44  # the narrowest bar in points: 20 mil, and six whole dots at 300 dots an inch

_LEFT, _RIGHT = 9.0, 279.0
_TOP, _SERVICE, _SENDER, _RECIPIENT, _TRACKING, _FOOT, _BOTTOM = 9.0, 75.0, 103.0, 176.0, 270.0, 392.0, 423.0
_PAD = 8.0
_MIDDLE = WIDTH / 2


def layout(label: Label) -> list[Mark]:
    """The marks of a label, from top to bottom."""
    return [
        *_frame(),
        *_head(label),
        *_service_band(label),
        *_sender(label),
        *_recipient(label),
        *_tracking(label),
        *_foot(),
    ]


def _frame() -> list[Mark]:
    rules = ((_TOP, 1.2), (_SERVICE, 2.4), (_SENDER, 2.4), (_TRACKING, 3.6), (_FOOT, 3.6), (_BOTTOM, 1.2))
    across = [Box(_LEFT, y - thick / 2, _RIGHT - _LEFT, thick) for y, thick in rules]
    down = [Box(x - 0.6, _TOP, 1.2, _BOTTOM - _TOP) for x in (_LEFT, _RIGHT)]
    return [*across, *down]


def _head(label: Label) -> list[Mark]:
    side = _SERVICE - _TOP
    letter = label.service_name[:1] or "?"
    facts = (
        ("SHIP DATE", label.shipped_on.strftime("%d %b %Y")),
        ("WEIGHT", label.weight),
    )
    marks: list[Mark] = [
        Text(_LEFT + side / 2, _SERVICE - 15, letter, BOLD, 52, "center"),
        Box(_LEFT + side - 0.6, _TOP, 1.2, side),
    ]
    for row, (caption, value) in enumerate(facts):
        y = _TOP + 16 + row * 27
        marks += [
            Text(_LEFT + side + _PAD, y, caption, REGULAR, 6),
            Text(_LEFT + side + _PAD, y + 11, value, BOLD, 9),
        ]
    return [*marks, *_postage(label)]


def _postage(label: Label) -> list[Mark]:
    left, top, right, bottom = 176.0, _TOP + 7, _RIGHT - 7, _SERVICE - 7
    middle = (left + right) / 2
    headline = "RETURN LABEL" if label.is_return else "SHIPPING LABEL"
    return [
        *_outline(left, top, right, bottom),
        Text(middle, top + 16, headline, BOLD, 9, "center"),
        Text(middle, top + 30, "POSTAGE PREPAID", REGULAR, 8, "center"),
        Text(middle, top + 43, f"{label.carrier} · SANDBOX", REGULAR, 7, "center"),
    ]


def _outline(left: float, top: float, right: float, bottom: float, thick: float = 1.0) -> list[Mark]:
    return [
        Box(left, top, right - left, thick),
        Box(left, bottom - thick, right - left, thick),
        Box(left, top, thick, bottom - top),
        Box(right - thick, top, thick, bottom - top),
    ]


def _service_band(label: Label) -> list[Mark]:
    words = f"{label.carrier} {label.service_name}{' RETURN' if label.is_return else ''}"
    fitted = fit([words], BOLD, (_RIGHT - _LEFT - 2 * _PAD, 20), 14, 7)
    return [Text(_MIDDLE, _SERVICE + 19, fitted.lines[0], BOLD, fitted.size, "center")]


def _sender(label: Label) -> list[Mark]:
    top = _SENDER + 6
    column = 182.0
    caption = Text(_LEFT + _PAD, top + 7, "FROM", REGULAR, 6)
    box = (column - _LEFT - 2 * _PAD, _RECIPIENT - top - 13)
    sender = _paragraphs(label.sender, REGULAR, (_LEFT + _PAD, top + 10), box, (9, 5))
    return [
        caption,
        *sender,
        Box(column - 0.3, _SENDER, 0.6, _RECIPIENT - _SENDER),
        *_reference(label, column, top),
    ]


def _reference(label: Label, column: float, top: float) -> list[Mark]:
    if not label.reference:
        return []
    caption = "RETURN NO." if label.is_return else "REFERENCE"
    left = column + _PAD
    box = (_RIGHT - _PAD - left, _RECIPIENT - top - 16)
    words = _paragraphs([label.reference], BOLD, (left, top + 10), box, (12, 5))
    return [Text(left, top + 7, caption, REGULAR, 6), *words]


def _recipient(label: Label) -> list[Mark]:
    left = _LEFT + 46
    box = (_RIGHT - _PAD - left, _TRACKING - _RECIPIENT - 16)
    return [
        Box(_LEFT, _RECIPIENT - 0.3, _RIGHT - _LEFT, 0.6),
        Text(_LEFT + _PAD, _RECIPIENT + 20, "SHIP", BOLD, 9),
        Text(_LEFT + _PAD, _RECIPIENT + 31, "TO:", BOLD, 9),
        *_paragraphs(label.recipient, BOLD, (left, _RECIPIENT + 7), box, (13, 5.5)),
    ]


def _tracking(label: Label) -> list[Mark]:
    title = f"{label.carrier} TRACKING #{' RETURN' if label.is_return else ''}"
    symbol = code128(label.tracking_code)
    left, top, height = _MIDDLE - symbol.span * MODULE / 2, _TRACKING + 24, 72.0
    bars = [Box(left + start * MODULE, top, modules * MODULE, height) for start, modules in symbol.bars]
    return [
        Text(_MIDDLE, _TRACKING + 16, title, BOLD, 10, "center"),
        *bars,
        Text(_MIDDLE, top + height + 17, label.tracking_groups, BOLD, 11, "center"),
    ]


def _foot() -> list[Mark]:
    return [
        Text(_MIDDLE, _FOOT + 15, "TEST LABEL - NOT VALID POSTAGE", BOLD, 9, "center"),
        Text(_MIDDLE, _FOOT + 25, "Made by the sandbox carrier. Do not mail.", REGULAR, 6.5, "center"),
    ]


def _paragraphs(
    texts: Sequence[str],
    font: str,
    corner: tuple[float, float],
    box: tuple[float, float],
    sizes: tuple[float, float],
) -> list[Mark]:
    left, top = corner
    fitted = fit(texts, font, box, *sizes)
    leading = fitted.size * LEADING
    return [
        Text(
            left,
            top + fitted.size + row * leading,
            shorten(line, font, fitted.size, box[0]),
            font,
            fitted.size,
        )
        for row, line in enumerate(fitted.lines)
    ]
