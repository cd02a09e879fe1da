"""What a customer wrote themselves in an e-mail, whatever their program adds."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.apps.serve.mail_reading import read_letter, without_quotes
from shopbot.prompts import load_data

MARK = load_data("serve/mail.yaml")["mark"]


@pytest.mark.parametrize(
    "below",
    [
        "On Fri, Nov 27, 2026 at 9:00 PM Shop <help@shop.example> wrote:\n> Shall I?",
        "On Fri, Nov 27, 2026 at 9:00 PM Harbor & Pine\n<help@shop.example> wrote:\n\n> Shall I?",
        "Am 27.11.2026 um 21:00 schrieb Shop <help@shop.example>:\n> Soll ich?",
        "-----Original Message-----\nFrom: Shop\nShall I?",
        "________________________________\nFrom: Shop <help@shop.example>\nSent: today\nShall I?",
        "From: Shop <help@shop.example>\nSent: Friday\nTo: me\nSubject: x\n\nShall I?",
        f"{MARK}\nShall I?",
        f"> {MARK}\n> Shall I?",
        "> Shall I?\n> Really?",
        "-- \nMaria Lopez\nCEO of Something",
    ],
)
def test_only_what_stands_above_the_quoted_message_is_read(below: str) -> None:
    assert without_quotes(f"Yes, please.\nThank you.\n\n{below}\n") == "Yes, please.\nThank you."


def test_answers_between_quoted_lines_are_read() -> None:
    assert (
        without_quotes("> Which order?\n123456\n> Which e-mail address?\nmaria@example.com")
        == "123456\nmaria@example.com"
    )


def test_a_sentence_that_begins_like_an_introduction_is_read() -> None:
    said = "On Friday I ordered jeans.\nFrom what I see they are late."
    assert without_quotes(said) == said


def test_of_html_the_quoted_block_is_left_out() -> None:
    letter = EmailMessage()
    letter["From"] = "Maria <maria@example.com>"
    letter.set_content(
        "<p>Yes,<br>please.</p><blockquote><p>Shall I?</p></blockquote><script>x()</script>", subtype="html"
    )
    assert read_letter(letter.as_bytes(), []).text == "Yes,\nplease."


def test_plain_text_is_read_where_there_is_html_too() -> None:
    letter = EmailMessage()
    letter["From"] = "maria@example.com"
    letter.set_content("plain")
    letter.add_alternative("<b>html</b>", subtype="html")
    letter.add_attachment(b"%PDF", maintype="application", subtype="pdf")
    assert read_letter(letter.as_bytes(), []).text == "plain"


def test_a_bounce_is_a_machines() -> None:
    raw = b"From: x@example.com\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nfailed\r\n--b--\r\n"
    assert read_letter(raw, []).machine == "Content-Type"


@given(st.binary(max_size=400))
def test_no_bytes_are_too_strange(raw: bytes) -> None:
    assert len(read_letter(raw, ["help@shop.example"]).id) > 3


@given(st.text(max_size=300))
def test_quotes_are_cut_from_any_text_within_it(text: str) -> None:
    assert len(without_quotes(text)) <= len(text)
