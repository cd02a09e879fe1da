"""E-mail addresses as customers type or dictate them -> the address. A pure function."""

from __future__ import annotations

import re

_SPOKEN = (
    (r"\s*[\(\[\{<]\s*at\s*[\)\]\}>]\s*|\s+at\s+", "@"),
    (r"\s*[\(\[\{<]\s*dot\s*[\)\]\}>]\s*|\s+(?:dot|period|point|punto|punkt)\s+", "."),
    (r"\s+under\s?score\s+", "_"),
    (r"\s+(?:dash|hyphen|minus)\s+", "-"),
    (r"\s+plus\s+", "+"),
)
_DIGITS = {
    word: str(digit)
    for digit, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
}
_ADDRESS = re.compile(
    r"[a-z0-9._%+'-]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,24}"
)


def normalise_email(text: str) -> str | None:
    """The address in lower case: "jane dot doe at example dot com" -> "jane.doe@example.com"; None if there is none."""
    written = text.lower().strip().removeprefix("mailto:").strip(" <>\"'`.,;:!?()[]")
    if typed := re.search(rf"(?<=[(<\[]){_ADDRESS.pattern}$", written):
        return typed.group() if ".." not in typed.group() else None
    for spoken, mark in _SPOKEN:
        written = re.sub(spoken, mark, written)
    written = re.sub(r",(?=[a-z]{2,4}$)", ".", written)
    local, at, host = written.partition("@")
    words = local.split()
    if len(words) > 1:
        words = [_DIGITS.get(word, word) for word in words]
    written = "".join(words) + at + "".join(host.split())
    found = _ADDRESS.fullmatch(written)
    if found is None or ".." in written or written.startswith(".") or ".@" in written:
        return None
    return written
