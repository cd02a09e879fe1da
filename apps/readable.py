"""Text that came from somewhere else, made fit to be read, kept and shown in a terminal."""

from __future__ import annotations

import re

_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_KEPT = "\n\t\u200c\u200d"  # the joiners hold words of some languages, and emoji, together


def readable(text: str) -> str:
    """`text` without what no person types and terminals obey: escape sequences and control characters.

    Every kind of space becomes a plain one, so that words pasted with a non-breaking space stay apart.
    """
    text = _ESCAPE_SEQUENCE.sub("", text.replace("\r\n", "\n"))
    return "".join(_readable(character) for character in text).strip()


def _readable(character: str) -> str:
    if character in _KEPT or character.isprintable():
        return character
    return " " if character.isspace() else ""
