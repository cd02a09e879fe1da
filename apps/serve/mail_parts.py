"""The text of an e-mail's parts, in one form: what its HTML marks as quoted is a line with ">".

What was left out and may be the sender's own words makes the text less than whole: words that they struck through, and
text that came as a file, as some servers turn what stands below a picture into one.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart

from bs4 import BeautifulSoup

from shopbot.prompts import load_data

_BLOCKS = "p, div, li, tr, td, th, h1, h2, h3, h4, h5, h6, pre, blockquote"


@dataclass(frozen=True)
class PartText:
    """What a part says; `is_whole`: nothing was left out that may be the sender's own."""

    text: str = ""
    is_whole: bool = True


def text_of(part: EmailMessage | MIMEPart) -> PartText:
    """What the message says in all its parts; of alternatives, the first with words, or the one that strikes some."""
    if part.get_content_maintype() == "multipart":
        return _joined([text_of(each) for each in part.iter_parts()], part.get_content_subtype())
    if part.is_attachment() or part.get_content_maintype() == "message":
        return PartText(is_whole=part.get_content_maintype() not in ("text", "message"))
    if part.get_content_maintype() != "text":
        return PartText()
    return _text_of_html(_content(part)) if part.get_content_subtype() == "html" else PartText(_content(part))


def _joined(parts: list[PartText], kind: str) -> PartText:
    if kind == "alternative":
        chosen = [each for each in parts if not each.is_whole] or [each for each in parts if each.text.strip()]
        return next(iter(chosen), PartText())
    return PartText("\n".join(each.text for each in parts), all(each.is_whole for each in parts))


def _text_of_html(content: str) -> PartText:
    page, marks = BeautifulSoup(content, "html.parser"), load_data("serve/mail.yaml")["html"]
    for block in page.select(_BLOCKS):
        block.insert_before("\n")
        block.append("\n")
    for broken in page.select("br"):
        broken.insert_before("\n")
    for quoted in page.select(marks["quoted"]):
        if not quoted.decomposed:
            quoted.insert_before("\n>\n")
            quoted.decompose()
    for unread in page.select(marks["unread"]):
        unread.decompose()
    struck = page.select(marks["struck"])
    is_whole = not any(each.get_text(strip=True) for each in struck)
    for each in struck:
        each.decompose()
    return PartText(page.get_text(), is_whole)


def _content(part: EmailMessage | MIMEPart) -> str:
    """The part's text, in whatever charset it claims or has."""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError, ValueError):
        raw = part.get_payload(decode=True)
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
