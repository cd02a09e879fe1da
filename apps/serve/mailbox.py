"""An IMAP mailbox, by URL: what is unread in it, one e-mail at a time."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from shopbot.shop.settings import SettingsError

LARGEST = 10 * 1024 * 1024
"""Bytes of an e-mail that are read; attachments are of no use here."""
TIMEOUT_S = 30.0
_PORTS = {"imap": 143, "imaps": 993}


class MailboxAway(Exception):
    """The mailbox cannot be read now."""


@dataclass(frozen=True)
class MailboxAddress:
    """Where a mailbox is, and how to open it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    tls: bool = True
    starttls: bool = False


def read_imap_url(url: str) -> MailboxAddress:
    """The address that `imaps://user:password@host:993/INBOX` or `imap://…?starttls=1` names.

    Raises:
        SettingsError: it is none.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        port = 0
    if not port or not parts.hostname or not parts.username:
        raise SettingsError(
            "SHOPBOT_SERVE_IMAP_URL cannot be used: write it as imaps://user:password@host:993/INBOX, with %40 for "
            "an @ in the user's name."
        )
    return MailboxAddress(
        parts.hostname,
        port,
        unquote(parts.username),
        unquote(parts.password or ""),
        unquote(parts.path.strip("/")) or "INBOX",
        tls=parts.scheme == "imaps",
        starttls=parse_qs(parts.query).get("starttls") == ["1"],
    )


class Mailbox:
    """The open mailbox."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """The unread e-mails, oldest first, as (its id in the mailbox, its bytes); they stay unread."""
        _, found = self._connection.uid("SEARCH", "UNSEEN")
        for uid in (found[0] or b"").decode().split():
            _, parts = self._connection.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)")
            raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
            if raw is not None:
                yield uid, raw

    def mark(self, uid: str, *flags: str) -> None:
        """Set flags of an e-mail."""
        self._connection.uid("STORE", uid, "+FLAGS", f"({' '.join(flags)})")


@contextmanager
def open_mailbox(address: MailboxAddress) -> Iterator[Mailbox]:
    """The mailbox, open for the block.

    Raises:
        MailboxAway: it cannot be reached, or does not let us in.
    """
    try:
        connection = _connected(address)
        try:
            connection.login(address.user, address.password)
            connection.select(_quoted(address.folder))
            yield Mailbox(connection)
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                connection.logout()
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxAway(f"the mailbox at {address.host}:{address.port} cannot be read: {error}") from error


def _connected(address: MailboxAddress) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if address.tls:
        return imaplib.IMAP4_SSL(address.host, address.port, ssl_context=context, timeout=TIMEOUT_S)
    connection = imaplib.IMAP4(address.host, address.port, timeout=TIMEOUT_S)
    if address.starttls:
        connection.starttls(context)
    return connection


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
