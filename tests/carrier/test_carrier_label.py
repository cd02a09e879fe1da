"""What is printed: 4 x 6 inches, a barcode that scans, words that can be read, whatever they are."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from shopbot.shop.carrier import Address, Carrier
from shopbot.shop.carrier.sandbox.label import Label, draw
from shopbot.shop.carrier.sandbox.label.content import address_lines
from shopbot.shop.carrier.sandbox.label.layout import layout
from shopbot.shop.carrier.sandbox.label.marks import HEIGHT, WIDTH, Box, Text
from shopbot.shop.carrier.sandbox.label.printable import printable
from shopbot.shop.carrier.sandbox.label.typeface import width
from shopbot.shop.carrier.sandbox.operations import new_tracking_code

NASTY = [
    "x" * 500,
    "W" * 500,
    "long words " * 100,
    "😀🏳️‍🌈👩‍👩‍👧",
    "田中太郎",
    "김철수 さくら",
    "مرحبا \u202eRTL\u202c",
    "Иван Щербаков",
    "\x00\x1b[31m\r\n\t\x7f\u0085",
    "<b>bold</b> &amp; ^XZ ~JR _5E \\(",
    "e\u0301" * 100,
    "\ud800",
    "",
]


@contextmanager
def opened(pdf: bytes) -> Iterator[Any]:
    """The only page of a PDF."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        assert len(document) == 1
        yield document[0]
    finally:
        document.close()


def words_on(pdf: bytes) -> str:
    with opened(pdf) as page:
        return " ".join(page.get_textpage().get_text_range().split())


def scan(picture: Image.Image) -> list[tuple[str, str]]:
    return [(found.format.name, found.text) for found in zxingcpp.read_barcodes(picture)]


def label_of(text: str, reference: str = "RET-000042") -> Label:
    """A label with `text` in every line of both addresses."""
    fields = dict.fromkeys(("name", "company", "street1", "street2", "city", "state", "zip", "country"), text)
    lines = address_lines(fields)
    return Label(
        sender=lines,
        recipient=lines,
        carrier="USPS",
        service="GroundAdvantage",
        tracking_code=new_tracking_code(),
        reference=printable(reference),
        shipped_on=date(2025, 11, 21),
        weight_oz=30.5,
        is_return=True,
    )


def test_a_bought_label_is_four_by_six_inches_and_scans(carrier: Carrier, shipment_id: str) -> None:
    bought = carrier.buy(shipment_id)
    with opened(carrier.download(bought)) as page:
        assert page.get_size() == (4 * 72, 6 * 72)
        picture = page.render(scale=203 / 72).to_pil()
    assert scan(picture) == [("Code128", bought.tracking_code)]


def test_a_return_label_leads_from_the_customer_to_the_shop(
    carrier: Carrier, shipment_id: str, customer: Address, shop: Address
) -> None:
    words = words_on(carrier.download(carrier.buy(shipment_id)))
    sender, recipient = words.index(customer.street1), words.index(shop.street1)
    assert words.index("FROM") < sender < words.index("SHIP TO:") < recipient
    for expected in (customer.name, "Apt 20", "San Francisco, CA 94107", shop.company, "Columbus, OH 43215"):
        assert expected in words


def test_a_label_says_what_it_is(carrier: Carrier, shipment_id: str) -> None:
    bought = carrier.buy(shipment_id)
    words = words_on(carrier.download(bought))
    assert "USPS GROUND ADVANTAGE RETURN" in words
    assert "RET-000042" in words
    assert "1 lb 15 oz" in words
    assert " ".join(re.findall("..?.?.?", bought.tracking_code)) in words
    assert re.search(r"\d\d [A-Z][a-z]{2} \d{4}", words)
    assert "NOT VALID POSTAGE" in words


@pytest.mark.parametrize("text", NASTY)
def test_whatever_the_words_nothing_leaves_the_page_or_its_own_box(text: str) -> None:
    marks = layout(label_of(text, reference=text))
    for mark in marks:
        left, right, top, bottom = extent(mark)
        assert 0 <= left <= right <= WIDTH
        assert 0 <= top <= bottom <= HEIGHT
    assert not overlapping_rows(marks)


def extent(mark: Text | Box) -> tuple[float, float, float, float]:
    if isinstance(mark, Box):
        return mark.x, mark.x + mark.width, mark.y, mark.y + mark.height
    run = width(mark.text, mark.font, mark.size)
    left = mark.x - run * {"left": 0.0, "center": 0.5, "right": 1.0}[mark.align]
    return left, left + run, mark.y - 0.75 * mark.size, mark.y


def overlapping_rows(marks: list[Text | Box]) -> list[tuple[Text, Text]]:
    texts = [mark for mark in marks if isinstance(mark, Text)]
    return [(a, b) for n, a in enumerate(texts) for b in texts[n + 1 :] if overlap(extent(a), extent(b))]


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]


@pytest.mark.parametrize("text", NASTY)
def test_whatever_the_words_the_barcode_scans(text: str) -> None:
    label = label_of(text)
    with opened(draw(label, "PDF")) as page:
        assert scan(page.render(scale=203 / 72).to_pil()) == [("Code128", label.tracking_code)]


def test_the_picture_is_the_same_label(customer: Address) -> None:
    label = label_of(customer.name)
    with Image.open(io.BytesIO(draw(label, "PNG"))) as picture:
        assert picture.size == (1200, 1800)
        assert scan(picture) == [("Code128", label.tracking_code)]


@pytest.mark.parametrize("text", NASTY)
def test_no_word_becomes_a_printer_command(text: str) -> None:
    label = label_of(text)
    zpl = draw(label, "ZPL").decode()
    plain = draw(label_of("x"), "ZPL").decode()
    assert set(re.findall(r"[\^~][A-Z]{2}", zpl)) == set(re.findall(r"[\^~][A-Z]{2}", plain))
    assert zpl.count("^XZ") == 1
    assert label.tracking_code in zpl


def test_the_same_label_gives_the_same_file() -> None:
    label = label_of("Jane Doe")
    assert draw(label, "PDF") == draw(label, "PDF")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Zoë Müller-Straße", "Zoë Müller-Straße"),
        ("Łukasz Đorđević", "Łukasz Đorđević"),
        ("Иван Щербаков", "Ivan Shcherbakov"),
        ("Γιώργος", "Giorgos"),
        ("김철수 さくら", "Gimceolsu Sakura"),
        ("田中", "??"),
        ("Jane 😀 Doe", "Jane Doe"),
        ("a\x00b\r\nc\u202ed", "ab cd"),
        ("  too   many\tspaces ", "too many spaces"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        (None, ""),
    ],
)
def test_text_is_written_in_letters_that_can_be_printed(text: str | None, printed: str) -> None:
    assert printable(text) == printed


def test_a_missing_line_leaves_no_gap() -> None:
    assert address_lines({"name": "A", "street1": "1 Main St", "city": "X", "country": "DE"}) == (
        "A",
        "1 Main St",
        "X",
        "DE",
    )
