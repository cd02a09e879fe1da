"""Which of several values in a message does the customer stand by: "123465, sorry, 123456".

Works on the words between the values (`prompts/words/corrections.yaml`); reads no meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from shopbot.engines.shopbot.reader import Span
from shopbot.prompts import load_data
from shopbot.prompts.phrases import any_phrase

_MARKS = re.compile(r"[\s.,;:!?…–-]+")


def standing(message: str, spans: Sequence[Span], *, of_one: bool) -> list[Span]:
    """The spans that no later words take back, in the order in which they stand.

    Args:
        message: what they are spans of.
        spans: values of one kind.
        of_one: a single value is wanted, so that a mere "sorry" between two of them takes the first one back.
    """
    ordered = sorted(spans, key=lambda span: span.start)
    said = [span for span in ordered if not is_denied(message[: span.start])] if of_one else ordered
    kinds = ("certain", "of_one") if of_one else ("certain",)
    for place in range(len(said) - 1, 0, -1):
        if takes_back(message[said[place - 1].end : said[place].start], kinds):
            return said[place:]
    return said or ordered


def is_denied(before: str) -> bool:
    """Whether the words right before a value say that it is the wrong one ("not 123465")."""
    return bool(re.search(rf"(?:{_pattern(('denied',))}) (?:the |my |order |number )*$", _plain(before)))


def takes_back(between: str, kinds: tuple[str, ...] = ("certain",)) -> bool:
    """Whether words between two values take the first one back."""
    return bool(re.search(_pattern(kinds), _plain(between)))


def after_correction(clause: str) -> str:
    """What follows the last words of correction in a clause; all of it when there are none."""
    plain = _plain(clause)
    found = [*re.finditer(_pattern(("certain",)), plain)]
    return plain[found[-1].end() :] if found else clause


def _plain(text: str) -> str:
    return _MARKS.sub(" ", f" {text.casefold().replace('’', chr(39))} ")


@lru_cache(maxsize=8)
def _pattern(kinds: tuple[str, ...]) -> str:
    words = load_data("words/corrections.yaml")
    plain = (_plain(phrase).strip() for kind in kinds for phrase in words[kind])
    return any_phrase(plain, before=r"(?<=\s)", after=r"(?=\s)")
