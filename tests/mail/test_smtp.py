"""Mail goes to a real SMTP server, which may be down, say no, hang or hang up."""

from __future__ import annotations

import socket
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from mail_sink import MailSink

from shopbot.shop.database.models import OutboxMail
from shopbot.shop.errors import MailError
from shopbot.shop.mail import Sender, SmtpMailer, compose
from shopbot.shop.mail.smtp import read_smtp_url
from shopbot.shop.settings import SettingsError


@pytest.fixture
def message(outbox_row: Callable[..., OutboxMail], sender: Sender, tmp_path: Path) -> EmailMessage:
    return compose(outbox_row(), sender, tmp_path)


def test_the_server_gets_the_message_for_the_recipient(message: EmailMessage, sink: MailSink) -> None:
    SmtpMailer(sink.url).send(message)
    (envelope,) = sink.accepted
    assert envelope.rcpt_tos == ["ada@customers.example"]
    assert envelope.mail_from == "returns@shop.example"
    assert b"Message-ID: <label-7a1@shop.example>" in (envelope.original_content or b"")


def test_a_second_try_is_byte_for_byte_the_same(message: EmailMessage, sink: MailSink) -> None:
    SmtpMailer(sink.url).send(message)
    SmtpMailer(sink.url).send(message)
    first, second = sink.accepted
    assert first.original_content == second.original_content


def test_a_server_that_is_down_is_an_error(message: EmailMessage) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(MailError, match=rf"127\.0\.0\.1:{port}.*refused"):
        SmtpMailer(f"smtp://127.0.0.1:{port}").send(message)


def test_a_refused_recipient_is_an_error_with_the_reason(message: EmailMessage, sink: MailSink) -> None:
    sink.behaviour.refuse_recipient = 1
    with pytest.raises(MailError, match=r"451 4\.2\.2 mailbox is busy"):
        SmtpMailer(sink.url).send(message)
    assert sink.accepted == []


def test_a_refused_message_is_an_error_with_the_reason(message: EmailMessage, sink: MailSink) -> None:
    sink.behaviour.refuse_data = 1
    with pytest.raises(MailError, match="no space left"):
        SmtpMailer(sink.url).send(message)


def test_a_line_dropped_after_data_is_an_error(message: EmailMessage, sink: MailSink) -> None:
    sink.behaviour.drop_after_data = 1
    with pytest.raises(MailError, match="tried again"):
        SmtpMailer(sink.url).send(message)


def test_a_line_dropped_at_quit_is_no_error(message: EmailMessage, sink: MailSink) -> None:
    sink.behaviour.drop_at_quit = True
    SmtpMailer(sink.url).send(message)
    assert len(sink.accepted) == 1


def test_a_silent_server_is_an_error(message: EmailMessage, sink: MailSink) -> None:
    sink.behaviour.silent_s = 1.0
    with pytest.raises(MailError, match="timed out"):
        SmtpMailer(f"smtp://127.0.0.1:{sink.port}?timeout=0.2").send(message)


def test_starttls_is_demanded_when_asked_for(message: EmailMessage, sink: MailSink) -> None:
    with pytest.raises(MailError, match="STARTTLS"):
        SmtpMailer(f"smtp://127.0.0.1:{sink.port}?starttls=1").send(message)
    assert sink.accepted == []


def test_every_part_of_the_url_counts() -> None:
    server = read_smtp_url("smtps://us%40er:p%40ss@mail.example?timeout=5&starttls=0")
    assert (server.host, server.port, server.tls, server.starttls) == ("mail.example", 465, True, False)
    assert (server.user, server.password, server.timeout_s) == ("us@er", "p@ss", 5.0)


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example",
        "mail.example:25",
        "smtp://",
        "smtp://mail.example:99999",
        "smtp://mail.example?starttls=maybe",
        "smtp://mail.example?timeout=never",
        "smtp://mail.example?tls=1",
        "",
    ],
)
def test_a_wrong_url_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="SHOPBOT_SMTP_URL is"):
        read_smtp_url(url)


def test_no_error_shows_the_password() -> None:
    with pytest.raises(SettingsError) as caught:
        read_smtp_url("smtp://user:secret@mail.example?timeout=never")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(read_smtp_url("smtp://user:secret@mail.example"))
