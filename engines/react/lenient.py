"""Reads a value from what a model writes for JSON: JSON, Python or JavaScript literals, and their mixtures.

Accepted: single, typographic, triple and missing quotes, Python's literals, tuples, missing and trailing commas,
comments, raw line breaks and quotations inside strings. Refused, because reading it would take a guess: text that stops
early, a field with two values, a placeholder, words in a row without quotes. (`json-repair` completes truncated values
and reads 012345 as 12345, so it is no choice here.) Time is linear in the text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from shopbot.engines.react.complaints import Unreadable

_DEPTH = 40
_CLOSERS = {
    '"': '"', "'": "'", "`": "`", "“": "”“", "”": "”", "„": "“”", "‘": "’‘", "’": "’", "«": "»", "»": "«", "＂": "＂",
}  # fmt: skip
_LITERALS = {"true": True, "false": False, "null": None, "none": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/|#(?=[ \t!])[^\n]*)+", re.DOTALL)
_WORD = re.compile(r"[^\s,{}\[\]()\"'`“”„‘’«»;]+")
_KEY = re.compile(r"[^\s,{}\[\]()\"'`“”„‘’«»;:=]+")
_PLAIN = re.compile(r"[^\\\"'`“”‘’«»＂]+")
_PLACEHOLDER = re.compile(r"<.*|\.\.\.|…")


@dataclass(frozen=True)
class Bare:
    """A word or number without quotes, as it was written: the schema says what it is."""

    text: str


def as_written(value: str | Bare) -> str:
    """The characters of a string or of a word without quotes."""
    return value.text if isinstance(value, Bare) else value


def read_value(text: str, at: int = 0) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends.

    Raises:
        Unreadable: there is none, or not without a guess.
    """
    reader = Reader(text, at)
    return reader.value(), reader.at


class Reader:
    """Reads from `text`, from position `at` on."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    @property
    def here(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.at : self.at + 1]

    def skip(self) -> None:
        """Go past spaces and comments."""
        if found := _SPACE.match(self.text, self.at):
            self.at = found.end()

    def value(self, depth: int = 0) -> Any:
        """The next value."""
        self.skip()
        if not self.here:
            raise Unreadable("truncated")
        if depth > _DEPTH:
            raise Unreadable("nested")
        if self.here == "{":
            return self._object(depth)
        if self.here in "[(":
            return self._array("]" if self.here == "[" else ")", depth)
        return self.string() if self.here in _CLOSERS else self._word()

    def key(self) -> str:
        """The next field's name, and past the colon (or equals sign) after it."""
        self.skip()
        if self.here in _CLOSERS and self.here:
            name = self.string(is_key=True)
        elif found := _KEY.match(self.text, self.at):
            name, self.at = found.group().replace("\\_", "_"), found.end()
        else:
            raise self._stuck()
        self.skip()
        if self.here not in (":", "=", "："):
            raise self._stuck()
        self.at += 1
        return name

    def _object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        while True:
            self.skip()
            if self.here == "}":
                self.at += 1
                return found
            name = self.key()
            value = self.value(depth + 1)
            if found.setdefault(name, value) != value:
                raise Unreadable("twice", name)
            self._comma()

    def _array(self, closer: str, depth: int) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        while True:
            self.skip()
            if self.here == closer:
                self.at += 1
                return found
            found.append(self.value(depth + 1))
            self._comma(after=found[-1], closer=closer)

    def _comma(self, after: Any = None, closer: str = "}") -> None:
        """Go past the comma; it may be missing before a closer, before a quoted key and between objects."""
        self.skip()
        if self.here == ",":
            self.at += 1
        elif self.here in (closer, ""):
            return
        elif closer == "}":
            if self.here not in _CLOSERS and not _KEY.match(self.text, self.at):
                raise self._stuck()
        elif not (isinstance(after, dict) and self.here == "{"):
            raise self._stuck()

    def _word(self) -> Any:
        found = _WORD.match(self.text, self.at)
        if not found:
            raise self._stuck()
        word = found.group()
        if _PLACEHOLDER.fullmatch(word):
            raise Unreadable("placeholder", self.text[self.at :].split("}")[0].split("\n")[0])
        self.at = found.end()
        return _LITERALS[word.lower()] if word.lower() in _LITERALS else Bare(word)

    def string(self, *, is_key: bool = False) -> str:
        """A quoted string; quotations inside it stay, when it is plain where they begin and end."""
        opener = self.here
        closers = _CLOSERS[opener]
        if self.text.startswith(opener * 3, self.at):
            return self._long_string(opener * 3)
        self.at += 1
        parts: list[str] = []
        inside = False
        while True:
            if plain := _PLAIN.match(self.text, self.at):
                parts.append(plain.group())
                self.at = plain.end()
            if not self.here:
                raise Unreadable("truncated")
            if self.here == "\\":
                parts.append(self._escape())
            elif self.here not in closers:
                parts.append(self._take())
            elif self._closes(is_key=is_key, inside=inside):
                self.at += 1
                return "".join(parts)
            else:
                inside = self._quotation(inside)
                parts.append(self._take())

    def _closes(self, *, is_key: bool, inside: bool) -> bool:
        """Whether the quote at hand ends the string, by what follows it."""
        after = _SPACE.match(self.text, self.at + 1)
        next_place = after.end() if after else self.at + 1
        follower = self.text[next_place : next_place + 1]
        if is_key:
            return follower in (":", "=", "：", "")
        if inside:
            if follower and follower in ",}])":
                raise self._stuck()
            return False
        if follower in (":", "="):
            raise self._stuck()
        return (
            follower in (",", "}", "]", ")", ";", "") or follower in _CLOSERS or bool(after and "\n" in after.group())
        )

    def _quotation(self, inside: bool) -> bool:
        """Whether a quotation is open after the quote at hand, which does not end the string."""
        before, after = self.text[self.at - 1], self.text[self.at + 1 : self.at + 2]
        if self.here in "'’" and before.isalnum() and after.isalnum():
            return inside
        if not inside and (before.isspace() or before in "([") and not after.isspace():
            return True
        if inside and not before.isspace():
            return False
        raise self._stuck()

    def _long_string(self, mark: str) -> str:
        end = self.text.find(mark, self.at + 3)
        if end < 0:
            if self.text.startswith(mark[:2], self.at) and self.text[self.at + 2 : self.at + 3] != mark[0]:
                self.at += 2
                return ""
            raise Unreadable("truncated")
        start, self.at = self.at + 3, end + 3
        return self.text[start:end]

    def _escape(self) -> str:
        mark = self.text[self.at + 1 : self.at + 2]
        if not mark:
            raise Unreadable("truncated")
        if mark == "u":
            return self._code_points()
        self.at += 2
        if mark in _ESCAPES:
            return _ESCAPES[mark]
        return "\\" + mark if mark.isalnum() else mark

    def _code_points(self) -> str:
        """A run of \\uXXXX, surrogate pairs included."""
        found = re.compile(r"(?:\\u[0-9a-fA-F]{4})+").match(self.text, self.at)
        if not found:
            raise self._stuck()
        self.at = found.end()
        text: str = json.loads(f'"{found.group()}"')
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _take(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def _stuck(self) -> Unreadable:
        return Unreadable("unreadable", self.text[self.at :].split("\n")[0]) if self.here else Unreadable("truncated")
