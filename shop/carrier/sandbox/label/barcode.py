"""The bars of a Code 128 symbol (ISO/IEC 15417), as numbers; drawing them is up to each format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bars:
    """Bars as (start, width) in modules, and how many modules they span; the quiet zone is not included."""

    bars: tuple[tuple[int, int], ...]
    span: int


def code128(text: str) -> Bars:
    """The bars for `text`, which must be ASCII; pairs of digits are packed (code set C)."""
    from reportlab.graphics.barcode.code128 import Code128

    symbol = Code128(text, quiet=0)
    symbol.validate()
    symbol.encode()
    symbol.decompose()
    bars, at = [], 0
    for element in symbol.decomposed:  # a letter is a width (A is 1): capital a bar, small a space
        modules = ord(element.upper()) - ord("A") + 1
        if element.isupper():
            bars.append((at, modules))
        at += modules
    return Bars(tuple(bars), at)
