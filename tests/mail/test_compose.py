"""An outbox row becomes an e-mail."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from shopbot.shop.database.models import OutboxMail
from shopbot.shop.errors import MailError
from shopbot.shop.mail import LabelLine, LabelMail, Sender, compose, word_label_mail

Row = Callable[..., OutboxMail]


def _read(message: EmailMessage) -> EmailMessage:
    parsed = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_reader_finds_text_html_and_the_label(outbox_row: Row, sender: Sender, tmp_path: Path) -> None:
    message = _read(compose(outbox_row(), sender, tmp_path))
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    (label,) = message.iter_attachments()
    assert text is not None and "here is the label" in text.get_content()
    assert html is not None and "<p>Hello Ada,</p>" in html.get_content()
    assert label.get_filename() == "return-7.pdf"
    assert label.get_content_type() == "application/pdf"
    assert label.get_content() == b"%PDF-1.4 label"


def test_the_headers_come_from_the_row(outbox_row: Row, sender: Sender, tmp_path: Path) -> None:
    message = _read(compose(outbox_row(), sender, tmp_path))
    assert message["To"] == "ada@customers.example"
    assert message["From"] == "Harbour & Pine <returns@shop.example>"
    assert message["Message-ID"] == "<label-7a1@shop.example>"
    assert message["Date"] == "Fri, 20 Nov 2026 09:30:00 +0000"


def test_the_same_row_gives_the_same_bytes(outbox_row: Row, sender: Sender, tmp_path: Path) -> None:
    first = compose(outbox_row(), sender, tmp_path).as_bytes()
    assert compose(outbox_row(), sender, tmp_path).as_bytes() == first


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"])
def test_a_line_break_in_the_subject_starts_no_header(
    outbox_row: Row, sender: Sender, tmp_path: Path, ending: str
) -> None:
    row = outbox_row(subject=f"Your label{ending}Bcc: thief@evil.example")
    message = _read(compose(row, sender, tmp_path))
    assert message["Bcc"] is None
    assert message["Subject"] == "Your label Bcc: thief@evil.example"


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_a_line_break_in_the_shop_name_starts_no_header(outbox_row: Row, tmp_path: Path, ending: str) -> None:
    sender = Sender(f"Shop{ending}Bcc: thief@evil.example", "returns@shop.example")
    assert _read(compose(outbox_row(), sender, tmp_path))["Bcc"] is None


@pytest.mark.parametrize(
    "recipient",
    [
        "ada@customers.example\r\nBcc: thief@evil.example",
        "ada@customers.example\n",
        "ada@customers.example, thief@evil.example",
        "Ada <ada@customers.example>",
        "ada",
        "",
        "ada@",
        "@customers.example",
    ],
)
def test_what_is_not_one_address_is_not_written(
    outbox_row: Row, sender: Sender, tmp_path: Path, recipient: str
) -> None:
    with pytest.raises(MailError, match="is not an e-mail address"):
        compose(outbox_row(recipient=recipient), sender, tmp_path)


def test_a_message_id_cannot_carry_a_header(outbox_row: Row, sender: Sender, tmp_path: Path) -> None:
    with pytest.raises(MailError, match="is not a Message-ID"):
        compose(outbox_row(message_id="<a@b>\r\nBcc: thief@evil.example"), sender, tmp_path)


def test_a_lost_label_is_named(outbox_row: Row, sender: Sender, tmp_path: Path) -> None:
    (tmp_path / "labels" / "return-7.pdf").unlink()
    with pytest.raises(MailError, match=r"return-7\.pdf cannot be read"):
        compose(outbox_row(), sender, tmp_path)


def _label_mail(**changes: object) -> LabelMail:
    values: dict[str, object] = {
        "customer": "Ada Lovelace",
        "order_number": "123456",
        "lines": (LabelLine(1, "Blue jeans", 5990),),
        "refund_total": 5990,
        "carrier": "USPS",
        "tracking_code": "9400100000000000000000",
        "shop": "Harbour & Pine",
        "shop_address": ("Harbour & Pine", "1 Pier Road", "Portland, ME 04101"),
    }
    return LabelMail(**(values | changes))  # type: ignore[arg-type]


def test_the_words_say_what_comes_back_and_what_is_refunded() -> None:
    wording = word_label_mail(_label_mail())
    assert wording.subject == "Your return label for order 123456"
    for part in (wording.text, wording.html):
        assert "Blue jeans" in part
        assert "$59.90" in part
        assert "9400100000000000000000" in part


@pytest.mark.parametrize("field", ["customer", "carrier", "tracking_code", "shop"])
def test_names_are_text_in_the_html_part(field: str) -> None:
    html = word_label_mail(_label_mail(**{field: "<script>alert(1)</script>"})).html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_item_names_are_text_in_the_html_part() -> None:
    html = word_label_mail(_label_mail(lines=(LabelLine(1, "<img src=x>", 1),))).html
    assert "<img" not in html


def test_names_are_never_templates() -> None:
    wording = word_label_mail(_label_mail(customer="{{ 7 * 7 }}"))
    assert "{{ 7 * 7 }}" in wording.text
