"""Writes a label in ZPL II for label printers of 203 dots an inch; the printer draws text and bars."""

from __future__ import annotations

from shopbot.shop.carrier.sandbox.label.content import Label
from shopbot.shop.carrier.sandbox.label.layout import layout
from shopbot.shop.carrier.sandbox.label.marks import HEIGHT, WIDTH, Text
from shopbot.shop.carrier.sandbox.label.typeface import width

_DOTS = 203 / 72
_BARCODE = (96, 830, 203)  # left, top and height of the bars, in dots


def draw_zpl(label: Label) -> bytes:
    """The bytes of a ZPL file, in UTF-8."""
    left, top, height = _BARCODE
    fields = [_field(mark) for mark in layout(label) if isinstance(mark, Text)]
    bars = f"^FO{left},{top}^BY4^BCN,{height},N,N,N^FD>;{label.tracking_code}^FS"
    page = f"^PW{round(WIDTH * _DOTS)}^LL{round(HEIGHT * _DOTS)}"
    return "\n".join(["^XA", "^CI28", page, *fields, bars, "^XZ", ""]).encode()


def _field(mark: Text) -> str:
    run = width(mark.text, mark.font, mark.size)
    left = mark.x - run * {"left": 0.0, "center": 0.5, "right": 1.0}[mark.align]
    across, down = max(0, round(left * _DOTS)), round((mark.y - mark.size) * _DOTS)
    return f"^FO{across},{down}^A0N,{round(mark.size * _DOTS)}^FH_^FD{_escaped(mark.text)}^FS"


def _escaped(text: str) -> str:
    # ^ and ~ begin commands, _ begins an escape: written as code points they are only letters of a name.
    return "".join(f"_{ord(letter):02X}" if letter in "^~_" else letter for letter in text)
