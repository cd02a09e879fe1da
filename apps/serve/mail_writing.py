"""The letters that the server writes: replies in a thread, and transcripts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage

from shopbot.apps.serve.letters import Correspondent
from shopbot.apps.serve.server import Server
from shopbot.apps.serve.store import Entry
from shopbot.prompts import load_data
from shopbot.shop.mail import Sender
from shopbot.shop.mail.compose import one_line, usable_address


def own_address(server: Server) -> Sender:
    """Whose letters they are."""
    from shopbot.shop.profile import load_profile

    profile = load_profile(server.settings.shop)
    return Sender(profile.name, server.serve.mail_address or profile.email)


def letter_to(to: Correspondent, entry: Entry, thread: Sequence[str], own: Sender) -> EmailMessage:
    """What the agent or a person said, as an answer in the thread (Message-IDs, oldest first)."""
    texts = load_data("serve/mail.yaml")
    who = texts["staff" if entry.speaker == "staff" else "bot"].replace("{shop}", own.name)
    sources = [f"[{each['key']}] {each['source']}" for each in entry.details.get("citations", ())]
    said = "\n\n".join([entry.text, *(["\n".join(sources)] if sources else [])])
    body = texts["letter"].replace("{mark}", texts["mark"]).replace("{who}", who).replace("{text}", said)
    subject = texts["subject"].replace("{subject}", to.subject) if to.subject else texts["no_subject"]
    message = _letter(own, to.address, subject.replace("{shop}", own.name), body, message_id(entry, own))
    if entry.speaker != "staff":
        message["Auto-Submitted"] = "auto-replied"  # RFC 3834: keeps other machines from answering
    if thread:
        message["In-Reply-To"] = thread[-1]
        message["References"] = " ".join(thread)
    message["Date"] = datetime.fromisoformat(entry.at)
    return message


def transcript(entries: Sequence[Entry], address: str, own: Sender, speakers: dict[str, str]) -> EmailMessage:
    """What was said, as a letter; the same conversation at the same point is the same letter."""
    texts = load_data("serve/mail.yaml")
    said = [f"{speakers[entry.speaker]}: {entry.text}" for entry in entries]
    body = "\n\n".join([texts["transcript_intro"], *said])
    message = _letter(own, address, texts["transcript_subject"], body, message_id(entries[-1], own, "transcript"))
    message["Auto-Submitted"] = "auto-generated"
    message["Date"] = datetime.fromisoformat(entries[-1].at)
    return message


def message_id(entry: Entry, own: Sender, kind: str = "reply") -> str:
    """The Message-ID of the letter that tells this entry."""
    digest = hashlib.sha256(f"{entry.conversation} {entry.seq} {entry.at}".encode()).hexdigest()[:32]
    return f"<{kind}-{digest}@{own.email.rpartition('@')[2]}>"


def _letter(own: Sender, to: str, subject: str, body: str, id: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = usable_address(own.name, own.email)
    message["To"] = usable_address("", to)
    message["Subject"] = one_line(subject)
    message["Message-ID"] = id
    message.set_content(body)
    return message
