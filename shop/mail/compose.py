"""Writes an outbox row as an e-mail: text and HTML part, label attached, the same bytes every time.

Message-ID, Date and part boundaries derive from the row, so that a message sent twice can be recognised as
one.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

from shopbot.shop.database.models import OutboxMail
from shopbot.shop.errors import MailError

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Sender:
    """Who the e-mail is from."""

    name: str
    email: str


def compose(row: OutboxMail, sender: Sender, data: Path) -> EmailMessage:
    """The e-mail of an outbox row; `row.attachment` is a file relative to `data`.

    Raises:
        MailError: an address cannot be used or the attachment is gone; the message names it.
    """
    message = EmailMessage()
    message["From"] = usable_address(sender.name, sender.email)
    message["To"] = usable_address("", row.recipient)
    message["Subject"] = one_line(row.subject)
    message["Date"] = row.created_at
    message["Message-ID"] = _message_id(row.message_id)
    # RFC 3834: keeps holiday notices from answering a machine.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(row.text)
    message.add_alternative(row.html, subtype="html")
    if row.attachment:
        _attach(message, data / row.attachment)
    _fix_boundaries(message, row.message_id)
    return message


def one_line(text: str) -> str:
    """`text` without line breaks and control characters, so that it can stand in a header."""
    return _UNPRINTABLE.sub(" ", text).strip()


def usable_address(name: str, email: str) -> Address:
    """The address as it can stand in a header.

    Raises:
        MailError: it cannot.
    """
    # Address checks the grammar of an address but lets some control characters pass.
    if _UNPRINTABLE.search(email) or " " in email or "@" not in email:
        raise MailError(f"{email!r} is not an e-mail address: correct it in the order database.")
    try:
        return Address(display_name=one_line(name), addr_spec=email)
    except (HeaderParseError, ValueError, IndexError):
        raise MailError(f"{email!r} is not an e-mail address: correct it in the order database.") from None


def _message_id(message_id: str) -> str:
    if not re.fullmatch(r"<[\w.+-]+@[\w.-]+>", message_id, re.ASCII):
        raise MailError(f"{message_id!r} is not a Message-ID such as <label-7@shop.example>.")
    return message_id


def _attach(message: EmailMessage, file: Path) -> None:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise MailError(f"The attachment {file} cannot be read ({error.strerror}): restore it.") from error
    kind, _ = mimetypes.guess_type(file.name)
    main, _, sub = (kind or "application/octet-stream").partition("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=one_line(file.name))


def _fix_boundaries(message: EmailMessage, seed: str) -> None:
    # Python draws boundaries at random when it writes a message; these hold for every re-send.
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary("=_" + hashlib.sha256(f"{seed}#{number}".encode()).hexdigest()[:40])
