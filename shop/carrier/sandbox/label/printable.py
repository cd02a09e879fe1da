"""Makes any text printable with the label's typeface, which holds Latin letters only.

Accents that the typeface lacks are dropped, Cyrillic, Greek, Hangul and kana are written in Latin letters,
other scripts become a question mark a character: a carrier's sorting machine reads none of them. Pictures,
controls and marks that change the direction of writing disappear.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from shopbot.shop.carrier.sandbox.label.typeface import characters

_LONGEST = 600
_UNREADABLE = "?"

_LATIN = {
    source: target
    for sources, targets in (
        ("абвгдезийклмнопрстуфыэ", "a b v g d e z i y k l m n o p r s t u f y e"),
        ("ёжхцчшщъьюяіїєґ", "e zh kh ts ch sh shch - - yu ya i yi ye g"),
        ("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o"),
        ("łđøæœßþðıħŧ", "l d o ae oe ss th d i h t"),
        ("’‘‚“”„–—‐‑…", "' ' ' \" \" \" - - - - ..."),
    )
    for source, target in zip(sources, targets.split(), strict=True)
}
_SYLLABLES = re.compile("[\u3041-\u3096\u30a1-\u30fa\uac00-\ud7a3]+")


def printable(text: str | None) -> str:
    """`text` on one line, in characters that the label can print; at most 600 of them are read."""
    composed = unicodedata.normalize("NFC", (text or "")[:_LONGEST])
    spelled = _SYLLABLES.sub(lambda run: "".join(map(_syllable, run[0])).capitalize(), composed)
    return " ".join("".join(map(_glyphs, spelled)).split())


def _syllable(character: str) -> str:
    # Unicode names them by their sound: HANGUL SYLLABLE GIM, HIRAGANA LETTER SMALL TU.
    return unicodedata.name(character).split()[-1].lower()


@cache
def _glyphs(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace():
        return " "
    if category[0] == "C":
        return ""
    if ord(character) in characters():
        return character
    if category in ("So", "Sk", "Mn", "Me"):
        return ""
    return _transcribed(character) or _UNREADABLE


def _transcribed(character: str) -> str:
    lower = character.lower()
    if lower in _LATIN:
        latin = _LATIN[lower].strip("-") if character.isalpha() else _LATIN[lower]
        return (latin.capitalize() if lower != character else latin) or "'"
    plain = unicodedata.normalize("NFKD", character)
    kept = "".join(each for each in plain if ord(each) in characters() and not unicodedata.combining(each))
    return kept or "".join(_LATIN.get(each.lower(), "") for each in plain)
