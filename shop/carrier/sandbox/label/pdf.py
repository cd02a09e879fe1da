"""Draws a label as a PDF page of 4 x 6 inches; the same label always gives the same bytes."""

from __future__ import annotations

import io
import threading

from reportlab.pdfgen.canvas import Canvas

from shopbot.shop.carrier.sandbox.label import typeface
from shopbot.shop.carrier.sandbox.label.content import Label
from shopbot.shop.carrier.sandbox.label.layout import layout
from shopbot.shop.carrier.sandbox.label.marks import HEIGHT, WIDTH, Box, Mark, Text

_ONE_AT_A_TIME = threading.Lock()  # reportlab keeps the fonts of all documents in shared objects


def draw_pdf(label: Label) -> bytes:
    """The bytes of a PDF file."""
    with _ONE_AT_A_TIME:
        typeface.register()
        file = io.BytesIO()
        canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1, initialFontName=typeface.REGULAR)
        canvas.setTitle(f"{'Return' if label.is_return else 'Shipping'} label {label.tracking_code}")
        canvas.setAuthor("Sandbox carrier")
        for mark in layout(label):
            _draw(canvas, mark)
        canvas.save()
        return file.getvalue()


def _draw(canvas: Canvas, mark: Mark) -> None:
    match mark:
        case Box(x, y, width, height):
            canvas.rect(x, HEIGHT - y - height, width, height, stroke=0, fill=1)
        case Text(x, y, text, font, size, align):
            canvas.setFont(font, size)
            write = {
                "left": canvas.drawString,
                "center": canvas.drawCentredString,
                "right": canvas.drawRightString,
            }
            write[align](x, HEIGHT - y, text)
