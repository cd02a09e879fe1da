"""What a customer wrote in an e-mail: who, in which thread, and their own words without what they quote.

A machine's message (holiday notice, bounce, mailing list) is told apart by its headers (RFC 3834, RFC 3464), so that no
two machines ever answer each other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import parseaddr
from functools import cache

from bs4 import BeautifulSoup

from shopbot.apps.readable import readable
from shopbot.apps.session import MAX_MESSAGE
from shopbot.prompts import load_data

_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]{1,250}")
_MOST_REFERENCES = 50
_WRAPPED = 3


@dataclass(frozen=True)
class Letter:
    """An e-mail as far as it matters here; `text` is what its sender wrote themselves, `references` newest first."""

    id: str
    sender: str
    subject: str
    text: str
    references: tuple[str, ...]
    machine: str
    """The header that says that a machine wrote it; empty when a person did."""


def read_letter(raw: bytes, own: Sequence[str]) -> Letter:
    """The e-mail in these bytes; `own` are the addresses that are ours."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 -- what this policy makes
    sender = parseaddr(_header(message, "From"))[1].lower()
    named = _ID.findall(_header(message, "Message-ID"))
    references = [*_ID.findall(_header(message, "In-Reply-To")), *reversed(_ID.findall(_header(message, "References")))]
    return Letter(
        id=named[0] if named else f"<{hashlib.sha256(raw).hexdigest()}@unnamed>",
        sender=sender if _ADDRESS.fullmatch(sender) else "",
        subject=readable(_header(message, "Subject")).replace("\n", " ")[:200],
        text=without_quotes(_words(message))[:MAX_MESSAGE],
        references=tuple(dict.fromkeys(references))[:_MOST_REFERENCES],
        machine=_machine(message, sender, {address.lower() for address in own}),
    )


def without_quotes(text: str) -> str:
    """What stands above the quoted message and the signature; the answers between quoted lines when there is nothing
    above."""
    lines = readable(text).split("\n")
    end = next(
        (number for number, line in enumerate(lines) if _begins_quote(lines, number) or line.rstrip() == "--"),
        len(lines),
    )
    kept = [line for line in lines[:end] if not line.startswith(">")]
    own = "\n".join(kept).strip()
    if not own:
        own = "\n".join(line for line in lines if line and not line.startswith(">") and not _introduces(line)).strip()
    return re.sub(r"\n{3,}", "\n\n", own)


def _begins_quote(lines: Sequence[str], number: int) -> bool:
    """Whether the quoted message begins here: at our own mark, at what introduces it, or at its first line with nothing
    of the sender's below."""
    line = lines[number]
    if load_data("serve/mail.yaml")["mark"] in line or _introduction_begins(lines, number):
        return True
    return line.startswith(">") and all(not below.strip() or below.startswith(">") for below in lines[number:])


def _introduction_begins(lines: Sequence[str], number: int) -> bool:
    """Whether a line that introduces a quoted message begins here; mail programs wrap it into up to three."""
    for end in range(number + 1, min(number + _WRAPPED, len(lines)) + 1):
        if not lines[end - 1].strip():
            return False
        if _introduces(" ".join(lines[number:end])):
            return not any(_introduces(" ".join(lines[later:end])) for later in range(number + 1, end))
    return False


def _introduces(line: str) -> bool:
    return any(pattern.fullmatch(line.lstrip("> ").strip()) for pattern in _introductions())


@cache
def _patterns(given: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each, re.IGNORECASE) for each in given)


def _introductions() -> tuple[re.Pattern[str], ...]:
    return _patterns(tuple(load_data("serve/mail.yaml")["introductions"]))


def _words(message: EmailMessage) -> str:
    """The message's text; that of its HTML without quoted blocks where it has no other."""
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    content = _content(part)
    if part.get_content_type() != "text/html":
        return content
    page = BeautifulSoup(content, "html.parser")
    for quoted in page.select(load_data("serve/mail.yaml")["quoted_html"]):
        quoted.decompose()
    for broken in page.select("br, p, div, li, tr"):
        broken.append("\n")
    return page.get_text()


def _content(part: MIMEPart) -> str:
    """The part's text, in whatever charset it claims or has."""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError, ValueError):
        raw = part.get_payload(decode=True)
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""


def _machine(message: EmailMessage, sender: str, own: set[str]) -> str:
    """What says that a machine wrote it, or that a machine must not answer."""
    marks = load_data("serve/mail.yaml")["machines"]
    if not sender or sender in own:
        return "From"
    if sender.partition("@")[0] in marks["senders"]:
        return "From"
    if message.get_content_type() == "multipart/report" or _header(message, "Return-Path").strip() == "<>":
        return "Content-Type" if message.get_content_type() == "multipart/report" else "Return-Path"
    if _header(message, "Auto-Submitted").strip().lower() not in ("", "no"):
        return "Auto-Submitted"
    if _header(message, "Precedence").strip().lower() in marks["precedence"]:
        return "Precedence"
    return next((name for name in marks["headers"] if name in message), "")


def _header(message: EmailMessage, name: str) -> str:
    """A header's value; empty when it is missing or cannot be read."""
    try:
        return str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, TypeError):  # what Python's own parser raises for some headers
        return ""
