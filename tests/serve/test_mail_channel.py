"""Conversations by e-mail: letters arrive at a real IMAP server, replies at a real SMTP server."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from serving import Running, running

pytest.importorskip("aiosmtpd", reason="aiosmtpd is not installed")
pytest.importorskip("pymap", reason="pymap is not installed: there is no IMAP server")
from imap_server import ImapServer, imap_server

from shopbot.apps.serve import mail_channel

if TYPE_CHECKING:
    from mail_sink import MailSink

MARIA, JAMES = "maria.lopez@example.com", "james.carter@example.com"
SHOP = "help@shop.example"


class Post:
    """The mail of the shop: letters in, replies out."""

    def __init__(self, imap: ImapServer, sink: MailSink, server: Running) -> None:
        self._imap = imap
        self._sink = sink
        self.server = server
        self.read = 0

    def send(self, text: str, sender: str = MARIA, answers: EmailMessage | None = None, **headers: str) -> EmailMessage:
        """Have a letter arrive."""
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Message-ID"] = sender, SHOP, make_msgid(domain="example.com")
        letter["Subject"] = "My order"
        if answers is not None:
            letter["In-Reply-To"] = answers["Message-ID"]
            letter["References"] = f"{answers.get('References', '')} {answers['Message-ID']}".strip()
        for name, value in headers.items():
            letter[name.replace("_", "-")] = value
        letter.set_content(text)
        self._imap.deliver(letter)
        return letter

    def reply(self) -> EmailMessage:
        """The next reply."""
        deadline = time.monotonic() + 60
        while len(self._sink.accepted) <= self.read and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self._sink.accepted) > self.read, "no reply within a minute"
        content = self._sink.accepted[self.read].content
        self.read += 1
        assert isinstance(content, bytes)
        found = message_from_bytes(content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def all_is_read(self) -> None:
        """Wait until every letter that has arrived was taken in or passed over."""
        deadline = time.monotonic() + 60
        while self._imap.unread() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self._imap.unread() == 0

    def conversations(self) -> int:
        """How many conversations there are."""
        return len(self.server.server.store.listed(limit=200))


@pytest.fixture(scope="module")
def post(built_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """A server that answers a mailbox."""
    from mail_sink import MailSink

    folder = tmp_path_factory.mktemp("mail") / "data"
    shutil.copytree(built_shop, folder)
    with imap_server() as imap, MailSink() as sink, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOPBOT_SMTP_URL", sink.url)
        with running(folder, imap_url=imap.url, imap_every_s=0.1, mail_address=SHOP) as server:
            yield Post(imap, sink, server)


def words(letter: EmailMessage) -> str:
    return str(letter.get_content())


def test_a_letter_is_answered_in_its_thread(post: Post) -> None:
    asked = post.send("How long do I have to return something?")
    reply = post.reply()
    assert "30 days" in words(reply)
    assert (reply["To"], reply["In-Reply-To"]) == (MARIA, asked["Message-ID"])
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["Subject"] == "Re: My order"


def test_a_return_is_arranged_over_letters_that_quote_what_they_answer(post: Post) -> None:
    post.send(f"I want to return the jeans from order 123456. My address is {MARIA}.")
    offer = post.reply()
    quoted = "\n".join(f"> {line}" for line in words(offer).splitlines())
    post.send(f"Yes, please.\n\nOn Fri, Nov 27, 2026 at 9:00 PM Harbor <{SHOP}> wrote:\n{quoted}", answers=offer)
    letters = [words_of_first_part(post.reply()) for _ in range(2)]
    assert any("label" in each and "Tracking number" in each for each in letters)
    assert any("e-mailed" in each or "emailed" in each for each in letters)


def test_a_yes_that_answers_ones_own_letter_is_asked_again(post: Post) -> None:
    """Whoever answers their own letter has not read the offer."""
    asked = post.send(f"I want to return the belt from order 654321. My address is {JAMES}.", sender=JAMES)
    post.reply()
    post.send("Yes please", sender=JAMES, answers=asked)
    again = post.reply()
    assert "Tracking number" not in words_of_first_part(again)
    post.send("Yes please", sender=JAMES, answers=again)
    done = [words_of_first_part(post.reply()) for _ in range(2)]
    assert any("Tracking number" in each for each in done)


def test_a_yes_that_stands_only_below_what_is_quoted_is_asked_again(post: Post) -> None:
    post.send("I want to return the blue mugs from order 345678. maria.lopes@example.org", sender="m@example.org")
    offer = post.reply()
    post.send(f"{words(offer)}\nYes please", sender="m@example.org", answers=offer)
    assert "Tracking number" not in words_of_first_part(post.reply())


def words_of_first_part(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_letter_of_somebody_else_does_not_join_the_thread(post: Post) -> None:
    post.send("Hello")
    mine = post.reply()
    before = post.conversations()
    post.send("Hello", sender=JAMES, answers=mine)
    assert post.reply()["To"] == JAMES
    assert post.conversations() == before + 1


def test_a_letter_that_is_fetched_twice_is_one_message(post: Post) -> None:
    letter = post.send("Hello")
    post.reply()
    post._imap.deliver(letter)
    post.all_is_read()
    post.send("How long do I have to return something?", sender=JAMES)
    assert post.reply()["To"] == JAMES


def test_machines_are_not_answered(post: Post) -> None:
    before = post.conversations()
    post.send("I am out of office.", Auto_Submitted="auto-replied")
    post.all_is_read()
    assert post.conversations() == before


def test_two_machines_do_not_answer_each_other_without_end(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_channel, "MOST_AN_HOUR", 2)
    robot = "robot@example.net"
    for _ in range(2):
        post.send("Thank you for your message.", sender=robot)
        post.reply()
    post.send("Thank you for your message.", sender=robot)
    post.all_is_read()
    assert [each.title for each in post.server.server.store.listed(only="waiting")] != []
    post.send("Hello", sender="ann@example.org")
    assert post.reply()["To"] == "ann@example.org"


def test_a_letter_that_is_none_harms_nobody(post: Post) -> None:
    post._imap.deliver(b"\xff\xfe")
    post.all_is_read()
    assert post._imap.flagged() == 0
    post.send("Hello", sender="bob@example.org")
    assert post.reply()["To"] == "bob@example.org"


def test_what_was_not_sent_is_sent_when_the_mail_server_is_back(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopbot.apps.serve.couriers.PAUSE_S", 0.01)
    post._sink.behaviour.refuse_recipient = 2
    post.send("How long do I have to return something?")
    assert "30 days" in words(post.reply())
