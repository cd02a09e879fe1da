"""Draws a label as a PNG of 1200 x 1800 dots (300 an inch), with Pillow, which comes with reportlab."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from shopbot.shop.carrier.sandbox.label.content import Label
from shopbot.shop.carrier.sandbox.label.layout import layout
from shopbot.shop.carrier.sandbox.label.marks import HEIGHT, WIDTH, Box, Mark, Text
from shopbot.shop.carrier.sandbox.label.typeface import font_file

DOTS_PER_INCH = 300
_SCALE = DOTS_PER_INCH / 72
_ANCHORS = {"left": "ls", "center": "ms", "right": "rs"}


def draw_png(label: Label) -> bytes:
    """The bytes of a PNG file."""
    picture = Image.new("L", (round(WIDTH * _SCALE), round(HEIGHT * _SCALE)), 255)
    pen = ImageDraw.Draw(picture)
    for mark in layout(label):
        _draw(pen, mark)
    file = io.BytesIO()
    picture.save(file, "PNG", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    return file.getvalue()


def _draw(pen: ImageDraw.ImageDraw, mark: Mark) -> None:
    match mark:
        case Box(x, y, width, height):
            left, top = round(x * _SCALE), round(y * _SCALE)
            right, bottom = round((x + width) * _SCALE), round((y + height) * _SCALE)
            pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), fill=0)
        case Text(x, y, text, name, size, align):
            font = ImageFont.truetype(str(font_file(name)), size * _SCALE)
            pen.text((x * _SCALE, y * _SCALE), text, font=font, fill=0, anchor=_ANCHORS[align])
