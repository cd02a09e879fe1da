"""Shipping labels of the sandbox carrier, 4 x 6 inches, as PDF, PNG and ZPL.

`from_shipment` reads what a label says out of a bought shipment, `layout` places it, one file a format draws
it.
"""

from __future__ import annotations

from shopbot.shop.carrier.sandbox.label.content import Label, from_shipment

__all__ = ["Label", "draw", "from_shipment"]


def draw(label: Label, label_format: str) -> bytes:
    """The label as a file in `label_format`: "PDF", "PNG" or "ZPL"."""
    if label_format == "ZPL":
        from shopbot.shop.carrier.sandbox.label.zpl import draw_zpl

        return draw_zpl(label)
    if label_format == "PNG":
        from shopbot.shop.carrier.sandbox.label.png import draw_png

        return draw_png(label)
    from shopbot.shop.carrier.sandbox.label.pdf import draw_pdf

    return draw_pdf(label)
