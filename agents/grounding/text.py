"""Text as grounding reads it: folded to one spelling, cut to a length, split once into tokens.

Every pattern here is a single run of one character class (or a repeat whose parts cannot overlap), so the work grows
with the length of the text and no faster.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MAX_TEXT = 20_000
"""Characters of a text that are read; what follows them grounds nothing."""

LONGEST_NUMBER = 300
"""Characters of the longest number that is read as one; more digits are no amount of anything."""

_DIGITS = frozenset("0123456789")
_TOKEN = re.compile(r"[0-9]+(?:[.,'][0-9]+)*|[^\W\d_]+(?:'[^\W\d_]+)*|\S")
_WIDE_SPACE = re.compile(r"(?<=[0-9])[\u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_ONE_CHARACTER = str.maketrans(
    {"‐": "-", "‑": "-", "\u2212": "-", "\uff0d": "-", "—": "–", "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"'}
)


@dataclass(frozen=True)
class Token:
    """A run of letters, a written number, or one other character.

    `text` is casefolded, `raw` as written (folded to NFKC); `glued` says whether the token follows the one before it
    without a space.
    """

    text: str
    raw: str
    start: int
    end: int
    glued: bool

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits."""
        return self.raw[:1] in _DIGITS and len(self.raw) <= LONGEST_NUMBER

    @property
    def is_word(self) -> bool:
        """Whether it is made of letters."""
        return self.raw[:1].isalpha()


END = Token("", "", 0, 0, glued=False)
"""Stands before the first and behind the last token."""


def fold(text: str) -> str:
    """NFKC without invisible characters, one kind of hyphen and apostrophe; ½ is " 1/2 ", a raised 2 is no digit."""
    text = _cut(text)
    if text.isascii():
        return text
    text = _WIDE_SPACE.sub("'", text)
    text = "".join(map(_plain, text)).translate(_ONE_CHARACTER)
    return _cut(unicodedata.normalize("NFKC", text))


def _cut(text: str) -> str:
    """The text as far as it is read, without what the cut would go through: half a number is another number."""
    return text if len(text) <= MAX_TEXT else "".join(text[: MAX_TEXT + 1].rsplit(maxsplit=1)[:-1])


def has_hidden_characters(text: str) -> bool:
    """Whether the text holds characters that nobody sees (zero-width, direction marks), other than to join an emoji."""
    return any(
        unicodedata.category(char) == "Cf" and not (char == "\u200d" and _joins_emoji(text, place))
        for place, char in enumerate(text)
    )


def tokenise(folded: str) -> list[Token]:
    """The tokens of a folded text, in order."""
    tokens: list[Token] = []
    end = -1
    for found in _TOKEN.finditer(folded):
        tokens.append(Token(found[0].casefold(), found[0], found.start(), found.end(), glued=found.start() == end))
        end = found.end()
    return tokens


def at(tokens: Sequence[Token], place: int) -> Token:
    """The token at a place, or `END` outside of the text."""
    return tokens[place] if 0 <= place < len(tokens) else END


def glued_after(tokens: Sequence[Token], place: int) -> Token:
    """The token that follows the one at `place` without a space, or `END`."""
    following = at(tokens, place + 1)
    return following if following.glued else END


def glued_before(tokens: Sequence[Token], place: int) -> Token:
    """The token that the one at `place` follows without a space, or `END`."""
    return at(tokens, place - 1) if at(tokens, place).glued else END


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    if category != "No":
        return char
    parts = unicodedata.normalize("NFKC", char).partition("⁄")
    return f" {parts[0]}/{parts[2]} " if parts[0].isdecimal() and parts[2].isdecimal() else "^"


def _joins_emoji(text: str, place: int) -> bool:
    around = text[max(place - 2, 0) : place] + text[place + 1 : place + 2]
    return bool(around) and not any(char.isalnum() for char in around)
