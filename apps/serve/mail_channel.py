"""The e-mail channel: letters come in over IMAP, replies go out over SMTP, one conversation a thread.

A letter belongs to the conversation of the Message-IDs that it refers to, if that conversation is with its sender:
replies go to that address alone, so whoever forges a sender learns nothing. A letter is marked as read once it is kept
as a message, so one that is fetched again after a crash is the same message; a reply that is sent again has the same
Message-ID.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from shopbot.apps.serve.couriers import Away, Courier
from shopbot.apps.serve.letters import Correspondent
from shopbot.apps.serve.mail_reading import Letter, read_letter
from shopbot.apps.serve.mail_writing import letter_to, own_address
from shopbot.apps.serve.mailbox import MailboxAddress, MailboxAway, open_mailbox
from shopbot.apps.serve.server import Server
from shopbot.apps.serve.store import Entry
from shopbot.shop.errors import MailError
from shopbot.shop.mail import open_mailer

OWNER = "mail"
MOST_AN_HOUR = 20
"""Letters of one address that are answered in an hour: a machine that does not say so is one, too."""
logger = logging.getLogger(__name__)


class MailCourier(Courier):
    """Takes letters in, and sends replies."""

    owner = OWNER

    def __init__(self, server: Server, mailbox: MailboxAddress) -> None:
        super().__init__(server)
        self._mailbox = mailbox
        self._own = own_address(server)
        self._mailer = open_mailer(server.settings)

    async def watch(self, every_s: float) -> None:
        """Take in what is unread, again and again."""
        while True:
            try:
                await asyncio.to_thread(self._fetch, asyncio.get_running_loop())
            except MailboxAway as away:
                logger.warning("%s", away)
            await asyncio.sleep(every_s)

    async def take(self, raw: bytes) -> bool:
        """Take a letter in; whether it is a message of a person."""
        letter = read_letter(raw, [self._own.email])
        if letter.machine or not letter.text:
            logger.info("a letter is not answered: %s", letter.machine or "it has no words")
            return False
        known, details = await asyncio.to_thread(self._place, letter)
        conversation = known or f"{OWNER}-{self.server.access.new_conversation()}"
        await asyncio.to_thread(self._begin, letter, conversation)
        id = f"{OWNER}-{hashlib.sha256(letter.id.encode()).hexdigest()[:40]}"
        since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        if await asyncio.to_thread(self.server.letters.count, letter.sender, since) > MOST_AN_HOUR:
            await asyncio.to_thread(self.server.store.say, conversation, id, "customer", letter.text, {})
            await asyncio.to_thread(self.server.store.call_person, conversation)
            return True
        await (await self.server.turns).receive(conversation, id, letter.text, details)
        return True

    async def tell(self, entry: Entry) -> None:
        """Send the reply to whom the conversation is with."""
        letters = self.server.letters
        to = await asyncio.to_thread(letters.correspondent, entry.conversation)
        if to is None:
            return
        thread = await asyncio.to_thread(letters.thread, entry.conversation)
        message = letter_to(to, entry, thread, self._own)
        await asyncio.to_thread(letters.keep, message["Message-ID"], entry.conversation, seq=entry.seq)
        await self._send(message)

    async def call_person(self, conversation: str) -> None:
        """Staff see it at the console."""

    async def _send(self, message: EmailMessage) -> None:
        try:
            await asyncio.to_thread(self._mailer.send, message)
        except MailError as error:
            raise Away(str(error)) from error

    def _fetch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take in what is unread; what cannot be is flagged for a person to look at."""
        with open_mailbox(self._mailbox) as mailbox:
            for uid, raw in mailbox.unread():
                try:
                    asyncio.run_coroutine_threadsafe(self.take(raw), loop).result()
                except Exception:
                    logger.exception("a letter could not be taken in: it is flagged in the mailbox")
                    mailbox.mark(uid, "\\Seen", "\\Flagged")
                else:
                    mailbox.mark(uid, "\\Seen")

    def _place(self, letter: Letter) -> tuple[str | None, dict[str, Any]]:
        """The conversation that the letter belongs to, and what it can answer there: the newest letter of ours that it
        names, and no question if it names none or may not say all."""
        known, seen = self.server.letters.find([letter.id, *letter.references], letter.sender) or (None, 0)
        return known, {"seen": seen} if letter.is_whole else {"seen": seen, "crossed": True}

    def _begin(self, letter: Letter, conversation: str) -> None:
        self.server.store.create(conversation, OWNER)
        self.server.letters.begin(Correspondent(conversation, letter.sender, letter.subject))
        self.server.letters.keep(letter.id, conversation, sender=letter.sender)


@asynccontextmanager
async def open_mail_channel(server: Server, mailbox: MailboxAddress) -> AsyncIterator[None]:
    """Watch the mailbox while the block runs."""
    courier = MailCourier(server, mailbox)
    await courier.catch_up()
    watching = asyncio.create_task(courier.watch(server.serve.imap_every_s))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await courier.close()
