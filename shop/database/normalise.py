"""Writes order numbers and e-mail addresses the way the database stores them. Number words are not read here."""

from __future__ import annotations

import re
import unicodedata

_LABEL = re.compile(r"^(?:order)?(?:number|num|nr|no)?[.:]*(?=[#№\d])[#№]*")
_NOISE = re.compile(r"[\s'\"`,;<>()\[\]]+")
_AROUND_ADDRESS = " \t\r\n<>()[]\"'`,;"


def normalise_order_number(text: str) -> str:
    """' Order No. #123 456.' -> '123456'. Hyphens inside stay, because a shop's own numbers may have them."""
    plain = _NOISE.sub("", _storable(text))
    return _LABEL.sub("", plain, count=1).strip("#№.:-!?")


def normalise_email(text: str) -> str:
    """' <Maria.Lopez@Example.COM>. ' -> 'maria.lopez@example.com'."""
    plain = _storable(text).strip(_AROUND_ADDRESS).rstrip(".!?")
    return plain.strip(_AROUND_ADDRESS).removeprefix("mailto:")


def _storable(text: str) -> str:
    """In lower case and one form of Unicode, without what no database can hold: control characters, half letters."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(
        letter for letter in plain if unicodedata.category(letter) not in ("Cc", "Cf", "Cs") or letter in " \t\n"
    )
