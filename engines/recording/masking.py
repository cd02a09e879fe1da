"""Masking: personal values replaced by placeholders such as [EMAIL_1], the same for the same value.

Numbers are given in the order in which values turn up, so as long as a conversation is masked from its beginning each
value keeps its placeholder, and an argument still points into the context. Kinds: EMAIL, ORDER, PHONE, CARD, ADDRESS,
NAME (a word of a name), NUMBER (tracking numbers and the like).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from shopbot.engines.recording.names import names_in
from shopbot.engines.recording.patterns import Found, key_of, personal_values, take

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*[^\W_])?")
_PLACEHOLDER = re.compile(r"\[(?:EMAIL|ORDER|PHONE|CARD|ADDRESS|NAME|NUMBER)_\d+\]")
_SHORTEST = 3


class Masker:
    """Masks one conversation, text by text, from its beginning.

    `known` are values that are personal whatever they look like, by kind: what the facts of the conversation hold.
    """

    def __init__(self, known: Iterable[tuple[str, str]] = ()) -> None:
        self._known = [(kind, key_of(kind, value), value) for kind, value in known if len(value) >= _SHORTEST]
        self._places: dict[tuple[str, str], int] = {}
        self._kinds: Counter[str] = Counter()
        for kind, _, value in self._known:
            for word in _WORD.findall(value) if kind == "NAME" else ():
                self._number("NAME", word.casefold())

    def learn(self, text: str) -> None:
        """Take note of the names in a text, so that they are masked in texts that come before it, too."""
        for name in names_in(text):
            self._number("NAME", name)

    def mask(self, text: str) -> str:
        """The text with every personal value in it replaced."""
        kept = [match.span() for match in _PLACEHOLDER.finditer(text)]
        shaped = personal_values(text)
        # An address goes first: masked alone, a known value within it would leave the rest of the address standing.
        addresses = [one for one in shaped if one.kind == "ADDRESS"]
        found = [*addresses, *self._known_in(text), *shaped]
        self.learn(text)
        found += self._names_in(text)
        return self._replaced(text, _first_of_each_place(found, kept, len(text)))

    def mask_value(self, value: Any) -> Any:
        """A JSON value with every personal value in its strings and whole numbers replaced."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, Mapping):
            return {key: self.mask_value(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_value(part) for part in value]
        if isinstance(value, int) and not isinstance(value, bool):
            masked = self.mask(str(value))
            return value if masked == str(value) else masked
        return value

    def mask_action(self, text: str) -> str:
        """An action as it stands in a context, `[ACTION] name {json}`: its JSON stays JSON."""
        head, brace, written = text.partition("{")
        try:
            args = json.loads(brace + written)
        except ValueError:
            return self.mask(text)
        return head + json.dumps(self.mask_value(args), ensure_ascii=False)

    def _known_in(self, text: str) -> list[Found]:
        return [
            Found(match.start(), match.end(), kind, key)
            for kind, key, value in self._known
            for match in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE)
        ]

    def _names_in(self, text: str) -> list[Found]:
        found = []
        for word in _WORD.finditer(text):
            plain = word.group().casefold().removesuffix("'s").removesuffix("’s")
            if ("NAME", plain) in self._places:
                found.append(Found(word.start(), word.start() + len(plain), "NAME", plain))
        return found

    def _replaced(self, text: str, found: list[Found]) -> str:
        pieces, place = [], 0
        for one in found:
            pieces += [text[place : one.start], f"[{one.kind}_{self._number(one.kind, one.key)}]"]
            place = one.end
        return "".join([*pieces, text[place:]])

    def _number(self, kind: str, key: str) -> int:
        if (kind, key) not in self._places:
            self._kinds[kind] += 1
            self._places[kind, key] = self._kinds[kind]
        return self._places[kind, key]


def _first_of_each_place(found: list[Found], kept: list[tuple[int, int]], length: int) -> list[Found]:
    """Those that lie in no place that is kept and overlap none that comes before them, in the order of the text."""
    within, taken = bytearray(length), bytearray(length)
    for start, end in kept:
        take(within, start, end)
    outside = (one for one in found if 0 in within[one.start : one.end])
    return sorted((one for one in outside if take(taken, one.start, one.end)), key=lambda one: one.start)
