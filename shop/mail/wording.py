"""The words of the label e-mail, from the templates in `prompts/mail/`.

Names come from customers and the carrier: they are data, so every text is escaped before it enters the HTML
part, whether or not the template remembers to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from markupsafe import escape

from shopbot.prompts import render
from shopbot.shop.mail.compose import one_line


@dataclass(frozen=True)
class LabelLine:
    """What comes back; `refund` is for all units of the line, in cents."""

    quantity: int
    name: str
    refund: int


@dataclass(frozen=True)
class LabelMail:
    """Everything the label e-mail speaks of; money in cents."""

    customer: str
    order_number: str
    lines: tuple[LabelLine, ...]
    refund_total: int
    carrier: str
    tracking_code: str
    shop: str
    shop_address: tuple[str, ...]


@dataclass(frozen=True)
class Wording:
    """The words of one e-mail."""

    subject: str
    text: str
    html: str


def word_label_mail(mail: LabelMail) -> Wording:
    """Fill the templates `prompts/mail/label.{subject,text,html}.j2`."""
    values = asdict(mail)
    return Wording(
        subject=one_line(render("mail/label.subject.j2", **values))[:300],
        text=render("mail/label.text.j2", **values) + "\n",
        html=render("mail/label.html.j2", **_escaped(values)) + "\n",
    )


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_escaped(item) for item in value]
    return value
