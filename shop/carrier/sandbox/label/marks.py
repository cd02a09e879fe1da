"""What a label is drawn from: text and black boxes, in points from the top left corner of 4 x 6 inches."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH, HEIGHT = 288.0, 432.0


@dataclass(frozen=True)
class Text:
    """One line of text; `y` is its baseline, `align` says which end `x` is: left, center or right."""

    x: float
    y: float
    text: str
    font: str
    size: float
    align: str = "left"


@dataclass(frozen=True)
class Box:
    """A filled rectangle; rules and bars are thin ones."""

    x: float
    y: float
    width: float
    height: float


Mark = Text | Box
