"""The label's typeface: Bitstream Vera, which ships with reportlab; a label looks the same everywhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

REGULAR = "Vera"
BOLD = "VeraBd"


def font_file(name: str) -> Path:
    """The TrueType file of a face."""
    import reportlab

    return Path(reportlab.__file__).parent / "fonts" / f"{name}.ttf"


@cache
def register() -> None:
    """Tell reportlab of both faces; without them nothing can be measured."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, str(font_file(name))))


@cache
def characters() -> frozenset[int]:
    """The code points that the regular and the bold face both have."""
    from reportlab.pdfbase import pdfmetrics

    register()
    faces = [pdfmetrics.getFont(name).face.charToGlyph for name in (REGULAR, BOLD)]
    return frozenset(faces[0]) & frozenset(faces[1])


def width(text: str, name: str, size: float) -> float:
    """How wide `text` runs, in points."""
    from reportlab.pdfbase import pdfmetrics

    register()
    return float(pdfmetrics.stringWidth(text, name, size))
