"""Whether a text names an e-mail address or an order number: as a whole, never as a part of another one."""

from __future__ import annotations

import re
from email.message import Message
from email.utils import getaddresses

from shopbot.shop.database.normalise import normalise_email, normalise_order_number

_LOCAL = r"\w.!#$%&'*+?^`~-"
_ADDRESS = re.compile(rf"(?<![{_LOCAL}])[{_LOCAL}]+@[^\W_]+(?:[.-]+[^\W_]+)*")
# A dot between digits makes one number of them; every other one ends a sentence or a label ("no.123456").
_BEGIN = r"(?<![\w-])(?<!\d\.(?=\d))"
_PART = r"(?:[\w-]|(?<=\d)\.(?=\d))*"


def names_address(text: str, email: str) -> bool:
    """Whether this address, as `normalise_email` writes it, stands in the text."""
    whole = rf"(?<![{_LOCAL}])([*_'`~]*){re.escape(email)}(?![.-]*[^\W_])(.?)"
    # What stands on both sides is a quotation mark or emphasis; on the left alone it begins another address.
    return any(set(before) <= {behind} for before, behind in re.findall(whole, text.lower()))


def names_order(text: str, number: str) -> bool:
    """Whether this order number stands in the text, besides its addresses: 123456@example.com is somebody."""
    wanted = normalise_order_number(number)
    tokens = re.finditer(_BEGIN + _PART + re.escape(wanted) + _PART, _ADDRESS.sub(" ", text).lower())
    return any(normalise_order_number(token[0].strip("_")) == wanted for token in tokens)


def recipients(message: Message) -> set[str]:
    """The addresses that an e-mail is to; what their names say does not count."""
    return {normalise_email(address) for _, address in getaddresses(map(str, message.get_all("To", [])))}
