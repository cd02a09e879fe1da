"""What a customer wrote themselves in an e-mail, whatever their program adds."""

from __future__ import annotations

from email.message import EmailMessage
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.apps.serve.mail_reading import Letter, read_letter, without_quotes
from shopbot.prompts import load_data
from shopbot.prompts.consent import Answer, read_answer

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


@pytest.mark.parametrize(
    "taken_back",
    [
        "On second thought, I keep the jeans, so ignore what I wrote",
        "On second thought, ignore what I first wrote:\n> Yes please",
        "On Friday, 27 Nov 2026 you wrote:\nI keep the jeans.",
        "From: maria@example.com, only the belt",
        "__________\nonly the belt",
        "--\nonly the belt",
        ">From here on I only want the belt",
        "> Shall I?\nNo, only the belt",
        f"> {MARK}\n> Shall I?\nNo, only the belt",
        f"only the belt {MARK}",
    ],
)
def test_what_may_take_a_yes_back_is_never_cut(taken_back: str) -> None:
    assert read_answer(without_quotes(f"Yes please.\n\n{taken_back}")) is not Answer.YES


@pytest.mark.parametrize(
    "quoted",
    [
        "\n________________________________\nFrom: Shop <help@shop.example>\nSent: Friday\n\nYes please",
        f"{MARK}\nYes please",
    ],
)
def test_words_that_stand_only_below_what_is_quoted_are_read_but_are_no_yes(quoted: str) -> None:
    letter = read_letter(f"From: maria@example.com\n\n{quoted}".encode(), [])
    assert "Yes please" in letter.text
    assert not letter.is_whole


def test_a_letter_that_is_quoted_and_nothing_more_has_no_words() -> None:
    assert read_letter(b"From: maria@example.com\n\n> Yes please\n", []).text == ""


def test_every_part_with_text_is_read() -> None:
    letter = EmailMessage()
    letter["From"] = "maria@example.com"
    letter.set_content("Yes please")
    letter.add_attachment(b"x", maintype="image", subtype="jpeg", filename="jeans.jpg")
    letter.attach(MIMEText("but only the belt"))
    letter.attach(MIMEText("<p>not the jeans</p>", "html"))
    read = read_letter(letter.as_bytes(), [])
    assert [line for line in read.text.split("\n") if line] == ["Yes please", "but only the belt", "not the jeans"]
    assert read.is_whole


def test_a_letter_with_a_file_of_text_is_no_yes() -> None:
    letter = EmailMessage()
    letter["From"] = "maria@example.com"
    letter.set_content("Yes please")
    letter.add_attachment("but only the belt", filename="ATT00001.txt")
    read = read_letter(letter.as_bytes(), [])
    assert (read.text, read.is_whole) == ("Yes please", False)


def html_letter(html: str, plain: str = "") -> Letter:
    letter = EmailMessage()
    letter["From"] = "maria@example.com"
    if plain:
        letter.set_content(plain)
        letter.add_alternative(html, subtype="html")
    else:
        letter.set_content(html, subtype="html")
    return read_letter(letter.as_bytes(), [])


@pytest.mark.parametrize("struck", ["<s>{}</s>", "<del>{}</del>", '<b style="text-decoration: line-through">{}</b>'])
@pytest.mark.parametrize("plain", ["", "Yes please only the belt"])
def test_what_is_struck_through_is_not_said_and_the_rest_is_no_yes(struck: str, plain: str) -> None:
    letter = html_letter(f"<p>Yes please {struck.format('only the belt')}</p>", plain)
    assert (letter.text, letter.is_whole) == ("Yes please", False)


@pytest.mark.parametrize(
    "below",
    [
        "<blockquote>only the belt</blockquote>",
        "<div id='appendonsend'></div><div>only the belt</div>",
        "<div class='gmail_quote'><blockquote class='gmail_quote'>Shall I?</blockquote><p>only the belt</p></div>",
    ],
)
def test_html_that_may_be_the_senders_own_is_read(below: str) -> None:
    assert "only the belt" in html_letter(f"<div>Yes please</div>{below}").text


@pytest.mark.parametrize(
    "below",
    [
        "<div class='gmail_quote'><div>On Fri, Nov 27, 2026 at 9:00 PM Shop &lt;<a>help@shop.example</a>&gt; wrote:<br>"
        "</div><blockquote class='gmail_quote'>Shall I?</blockquote></div>",
        "<div id='appendonsend'></div><hr><div id='divRplyFwdMsg'><b>From:</b> Shop &lt;help@shop.example&gt;<br>\n"
        "<b>Sent:</b> Friday<br>\n<b>To:</b> me</div><div>Shall I?</div>",
        f"<div class='yahoo_quoted'><p>On Friday at 9:00 PM, Shop wrote:</p><p>{MARK}<br>Shall I?</p></div>",
    ],
)
def test_what_mail_programs_quote_in_html_is_not_read(below: str) -> None:
    letter = html_letter(f"<div>Yes please</div>{below}")
    assert (letter.text, letter.is_whole) == ("Yes please", True)


def test_of_html_the_quoted_block_is_left_out() -> None:
    letter = EmailMessage()
    letter["From"] = "Maria <maria@example.com>"
    letter.set_content(
        "<p>Yes,<br>please.</p><blockquote type='cite'><p>Shall I?</p></blockquote><script>x()</script>", subtype="html"
    )
    assert read_letter(letter.as_bytes(), []).text == "Yes,\nplease."


def test_plain_text_is_read_where_there_is_html_too() -> None:
    letter = EmailMessage()
    letter["From"] = "maria@example.com"
    letter.set_content("plain")
    letter.add_alternative("<b>html</b>", subtype="html")
    letter.add_attachment(b"%PDF", maintype="application", subtype="pdf")
    assert read_letter(letter.as_bytes(), []).text == "plain"


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "List-Id: <news.example.com>",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
        "From: MAILER-DAEMON@example.com",
        "From: Help <help@shop.example>",
        "From: nobody",
    ],
)
def test_a_machine_is_known_by_its_headers(header: str) -> None:
    raw = f"{header}\r\nFrom: maria@example.com\r\n\r\nI am out of office.\r\n"
    assert read_letter(raw.encode(), ["help@shop.example"]).machine


def test_a_person_is_no_machine() -> None:
    raw = b"From: Maria <maria@example.com>\r\nAuto-Submitted: no\r\n\r\nHello\r\n"
    assert read_letter(raw, ["help@shop.example"]).machine == ""


def test_a_bounce_is_a_machines() -> None:
    raw = b"From: x@example.com\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nfailed\r\n--b--\r\n"
    assert read_letter(raw, []).machine == "Content-Type"


@given(st.binary(max_size=400))
def test_no_bytes_are_too_strange(raw: bytes) -> None:
    assert len(read_letter(raw, ["help@shop.example"]).id) > 3


@given(st.text(max_size=300))
def test_quotes_are_cut_from_any_text_within_it(text: str) -> None:
    assert len(without_quotes(text)) <= len(text)
