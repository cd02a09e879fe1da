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
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cache
from itertools import pairwise

from shopbot.apps.readable import readable
from shopbot.apps.serve.mail_parts import text_of
from shopbot.apps.session import MAX_MESSAGE
from shopbot.prompts import load_data

_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]{1,250}")
_MOST_REFERENCES = 50
_WRAPPED = 3
_NEAR = 8


@dataclass(frozen=True)
class Letter:
    """An e-mail as far as it matters here; `text` is what its sender wrote themselves."""

    id: str
    sender: str
    subject: str
    text: str
    is_whole: bool
    """Whether `text` is surely all that the sender says, and theirs; what is not can be no yes."""
    references: tuple[str, ...]
    """The Message-IDs that it answers, newest first."""
    machine: str
    """The header that says that a machine wrote it; empty when a person did."""


def read_letter(raw: bytes, own: Sequence[str]) -> Letter:
    """The e-mail in these bytes; `own` are the addresses that are ours."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 -- what this policy makes
    named_sender = parseaddr(_header(message, "From"))[1].lower()
    sender = named_sender if _ADDRESS.fullmatch(named_sender) else ""
    named = _ID.findall(_header(message, "Message-ID"))
    references = [*_ID.findall(_header(message, "In-Reply-To")), *reversed(_ID.findall(_header(message, "References")))]
    said = text_of(message)
    words = without_quotes(said.text)
    return Letter(
        id=named[0] if named else f"<{hashlib.sha256(raw).hexdigest()}@unnamed>",
        sender=sender,
        subject=readable(_header(message, "Subject")).replace("\n", " ")[:200],
        text=(words or _unquoted_lines(said.text))[:MAX_MESSAGE],
        is_whole=said.is_whole and 0 < len(words) <= MAX_MESSAGE,
        references=tuple(dict.fromkeys(references))[:_MOST_REFERENCES],
        machine=_machine(message, sender, {address.lower() for address in own}),
    )


def without_quotes(text: str) -> str:
    """What the sender wrote: all but the lines with ">", what introduces these, and what stands below a separator.

    Nothing else is cut, however much it looks like a quotation: it may be what takes a yes back.
    """
    lines = readable(text).split("\n")
    mark, introductions, own = load_data("serve/mail.yaml")["mark"], _introductions(lines), list[str]()
    for number, line in enumerate(lines):
        if _is_quoted(line) or number in introductions:
            continue
        if line == "-- " or _separates(lines, number):  # RFC 3676, 4.3: the space is part of a signature's separator
            break
        above, found, _ = line.partition(mark)
        own.append(above)
        if found:
            break
    return re.sub(r"\n{3,}", "\n\n", "\n".join(own).strip())


def _unquoted_lines(text: str) -> str:
    """What is not marked as quoted, wherever it stands: some write below the letter that they answer."""
    return "\n".join(line for line in readable(text).split("\n") if line.strip() and not _is_quoted(line)).strip()


def _is_quoted(line: str) -> bool:
    """Whether the line is marked as another's; mail servers put a ">" before one's own line that begins with "From"."""
    return line.startswith(">") and not line.startswith(">From ")


def _introductions(lines: Sequence[str]) -> set[int]:
    """The lines that introduce quoted ones, or our mark, right below; mail programs wrap one into up to three."""
    mark, found = load_data("serve/mail.yaml")["mark"], set[int]()
    written = [number for number, line in enumerate(lines) if line.strip()]
    for last, below in pairwise(written):
        if _is_quoted(lines[last]) or not (_is_quoted(lines[below]) or lines[below].startswith(mark)):
            continue
        begins = range(last, max(last - _WRAPPED, -1), -1)
        found.update(next((range(n, last + 1) for n in begins if _introduces(lines[n : last + 1])), ()))
    return found


def _introduces(lines: Sequence[str]) -> bool:
    words = " ".join(line.strip() for line in lines)
    return all(line.strip() for line in lines) and any(each.fullmatch(words) for each in _patterns("introductions"))


def _separates(lines: Sequence[str], number: int) -> bool:
    """Whether everything from here on is the quoted message."""
    if not lines[number].strip():
        return False
    near = [line.strip() for line in lines[number : number + _NEAR] if line.strip()]
    below = "\n".join(near[:_WRAPPED])
    return any(pattern.match(below) for pattern in _patterns("separators"))


def _patterns(kind: str) -> tuple[re.Pattern[str], ...]:
    return _compiled(tuple(load_data("serve/mail.yaml")[kind]))


@cache
def _compiled(given: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each, re.IGNORECASE | re.MULTILINE) for each in given)


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
