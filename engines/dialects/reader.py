"""Takes a text apart into the calls that are written in it and the words around them.

Something looks like a call when it names an action of the agent in call shape (`name(…)`, `name {…}`, an object under
whose keys the name stands), when it is an object with a name and arguments, or when it carries a dialect's tags. What
looks like one and cannot be read is kept as a complaint. Other braces are words: JSON that a customer asked about.
Time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shopbot.engines.dialects.lines import find_lines, read_record
from shopbot.engines.dialects.looks import first_named, is_call, is_structured, unread
from shopbot.engines.dialects.marks import ends_in_a_tag, insides, marks, own_turn, tags
from shopbot.engines.react.call_shapes import Actions, Shaped, find_tagged, read_call, read_json_value
from shopbot.engines.react.complaints import Unreadable
from shopbot.engines.react.inputs import read_object
from shopbot.engines.react.lenient import Reader, read_value
from shopbot.engines.react.names import match_name
from shopbot.engines.reasoning_marks import lone_in, pairs_in, read_name, split_marked

LONGEST = 20_000
"""Characters of a text with marks of a call that are read."""
_MOST_FAILURES = 16
"""Braces that open nothing readable, after which a text is only looked through."""
_BRACKETS = re.compile(r"\\.|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'(?=\s*[,)\]}])|[()\[\]]", re.DOTALL)
_AROUND = " \t\n\r,;:[]{}()`*|"
_FENCE = re.compile(r"(?:```|~~~)[\w-]{0,20}")
_LEAD = re.compile(
    r"(?:(?:to=)?(?:\w{1,60}[.:(]){1,3}|to=|(?:action|tool|function)(?: call| name)?[ \t]*:\s*)\Z", re.IGNORECASE
)
"""In front of a call: a namespace, a function around it, or a label."""


@dataclass
class Found:
    """What is in a text: calls and complaints in their order, the words around them; `tagged`: it carries tags."""

    shapes: list[Shaped] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    tagged: bool = False

    @property
    def aside(self) -> str:
        """The words around the calls."""
        bare = (_FENCE.sub("", part).strip(_AROUND) for part in self.words)
        return "\n".join(part for part in bare if any(letter.isalnum() for letter in part))


def read_text(text: str, actions: Actions) -> Found:
    """The calls of `actions` in a text."""
    own, made_up = own_turn(text)
    names = tuple(actions)
    if is_plain(own, actions) and not made_up:
        return Found(words=[own])
    if len(own) > LONGEST:
        return Found([Shaped(raw=own[:200], complaint=Unreadable("too_long"))])
    found = _read_marked(own, actions) or _read_lines(own, actions)
    found.tagged |= made_up or ends_in_a_tag(own, names)
    if found.tagged and not found.shapes:
        found.shapes.append(unread(own, names))
    return found


def is_plain(words: str, actions: Actions) -> bool:
    """Whether words have nothing of a call in them."""
    names = tuple(actions)
    if marks(names).search(words) or ends_in_a_tag(words, names):
        return False
    return not find_lines(words, actions) and not _unknown_pairs(words, names)


def _read_marked(text: str, actions: Actions) -> Found | None:
    """The calls between markers of no known dialect, and the words outside of them; None where there are no such."""
    pairs = _unknown_pairs(text, tuple(actions))
    split = split_marked(text, lambda mark: read_name(mark["name"])[0] in pairs) if pairs else None
    if split is None:
        return None
    outside, inside = (_read_lines(part, actions) for part in split)
    return Found([*outside.shapes, *inside.shapes], outside.words, tagged=True)


def _unknown_pairs(text: str, names: tuple[str, ...]) -> set[str]:
    return {name for name in pairs_in(text) | lone_in(text) if not tags(names).search(f"<{name}>")}


def _read_lines(text: str, actions: Actions) -> Found:
    """The calls in a text that has no markers but those of known dialects."""
    found = Found()
    while lines := find_lines(text, actions):
        start, end, shape = lines
        _add(found, _scanned(text[:start], actions))
        found.shapes.append(shape)
        text = text[end:]
    _add(found, _scanned(text, actions))
    return found


def _scanned(text: str, actions: Actions) -> Found:
    scan = _Scan(text, actions)
    scan.run()
    return scan.found


def _add(found: Found, more: Found) -> None:
    found.shapes += more.shapes
    found.words += more.words
    found.tagged |= more.tagged


class _Scan:
    """One pass over a text."""

    def __init__(self, text: str, actions: Actions) -> None:
        self.text = text
        self.actions = actions
        self.names = tuple(actions)
        self.found = Found()
        self._at = 0
        self._failures = 0

    def run(self) -> None:
        """Read to the end."""
        told = 0
        while mark := marks(self.names).search(self.text, self._at):
            start = self._at = mark.start()
            shapes = self._read(mark)
            if shapes is not None:
                self.found.words.append(_without_lead(self.text[told:start]))
                self.found.shapes += shapes
                told = self._at
        self.found.words.append(self.text[told:])

    def _read(self, mark: re.Match[str]) -> list[Shaped] | None:
        """What begins at a mark, and past it; None when it is words."""
        if mark["tag"]:
            return self._tag(mark)
        if mark["open"]:
            return self._braces(mark)
        if mark["record"]:
            return self._record(mark)
        if self.text[mark.end() - 1] in "([":
            return self._bracketed(mark.end())
        return self._named(mark["name"], mark.end())

    def _tag(self, mark: re.Match[str]) -> list[Shaped]:
        """A tag and what it holds, to the next tag or the end."""
        self.found.tagged = True
        self._at = mark.end()
        if re.match(r"=|\s+name=", mark["named"] or "") and (
            by_name := find_tagged(self.text[mark.start() :], self.actions)
        ):
            self._at = len(self.text)
            return by_name[1]
        if mark["closing"] or mark["shut"] or mark["ending"]:
            return []
        tag = tags(self.names).search(self.text, self._at)
        end = tag.start() if tag else len(self.text)
        inside = self.text[self._at : end]
        self._at = end
        return self._inside(inside, mark.group())

    def _inside(self, text: str, tag: str) -> list[Shaped]:
        """The calls in what a tag holds."""
        scan = _Scan(text, self.actions)
        scan.run()
        if scan.found.shapes or not any(letter.isalnum() for letter in text):
            return scan.found.shapes
        name = match_name(text.strip(_AROUND), self.names)
        if name:
            return [self._call(name, None, text)]
        return [read_call(text.strip(), self.actions) or unread(tag + text, self.names)]

    def _braces(self, mark: re.Match[str]) -> list[Shaped] | None:
        """An object: a call, an object that is words, or one that cannot be read."""
        run = len(mark["open"])
        start = mark.end() - 1
        if self._failures >= _MOST_FAILURES:
            self._at = len(self.text)
            inside = insides(self.names).search(self.text, mark.start())
            return [unread(self.text[mark.start() :], self.names)] if inside else None
        value, end = self._object(start, doubled=run > 1)
        if isinstance(value, Unreadable):
            return self._unreadable(mark.start(), start, end, value)
        surplus = re.compile(r"[\s}]*").match(self.text, end) if run > 1 else None
        self._at = surplus.end() if surplus else end
        return list(self._shapes(value, self.text[start : self._at])) or None

    def _object(self, start: int, *, doubled: bool) -> tuple[Any, int]:
        """The object at `start` and where it ends; why not, and where reading stopped."""
        reader = Reader(self.text, start)
        try:
            return reader.value(), reader.at
        except Unreadable as complaint:
            if not doubled:
                return complaint, reader.at
            # Braces doubled throughout are those of the prompt templates that models were shown.
            single = self.text[start:].replace("{{", "{").replace("}}", "}")
        try:
            value, length = read_value(single)
        except Unreadable as complaint:
            return complaint, reader.at
        self.text = self.text[:start] + single
        return value, start + length

    def _unreadable(self, begin: int, start: int, stopped: int, why: Unreadable) -> list[Shaped] | None:
        """Braces that cannot be read: a complaint when there is a call's inside in them, or the text breaks off."""
        self._failures += 1
        closer = self.text.find("}", stopped)
        end = closer + 1 if closer >= 0 else len(self.text)
        region = self.text[start:end]
        cut = why.reason == "truncated" and re.match(r"\{\s*\\?[\"'“‘„`]", region)
        if cut or insides(self.names).search(region):
            self._at = end
            return [Shaped(first_named(region, self.names), None, self.text[begin:end], why)]
        self._at = start + 1
        return None

    def _shapes(self, value: Any, written: str) -> Iterator[Shaped]:
        """The calls in an object; a complaint when it only names an action or holds a tag; nothing when it is words."""
        if is_call(value, self.names) or (is_structured(value) and self._is_all(written)):
            yield from read_json_value(value, self.actions)
        elif named := first_named(written, self.names):
            yield Shaped(named, None, str(value), Unreadable("nameless"))
        elif tags(self.names).search(written):
            yield unread(written, self.names)

    def _record(self, mark: re.Match[str]) -> list[Shaped] | None:
        """`Call(name=…, arguments=…)`: an object with its keys before equals signs."""
        self._at = mark.end()
        if self._failures >= _MOST_FAILURES:
            return None
        begin = self.text.index("(", mark.start()) + 1
        end = _end_of_bracket(self.text, begin)
        fields = read_record(self.text[mark.start() : end]) if end else None
        if fields is None or not is_call(fields, self.names):
            self._failures += 1
            known = first_named(self.text[mark.start() : end or len(self.text)], self.names)
            return [unread(self.text[mark.start() :], self.names)] if known else None
        self._at = end
        return read_json_value(fields, self.actions)

    def _is_all(self, written: str) -> bool:
        """Whether there is nothing else in the text."""
        return not any(letter.isalnum() for letter in _FENCE.sub("", self.text).replace(written, "", 1))

    def _named(self, written: str, brace: int) -> list[Shaped]:
        """`name {…}`; `brace` is the place of the first opening one."""
        name = match_name(written, self.names) or written
        last = brace
        while self.text.startswith("{", last + 1):
            last += 1
        value, self._at = self._object(last, doubled=last > brace)
        if isinstance(value, Unreadable):
            closer = self.text.find("}", self._at)
            self._at = closer + 1 if closer >= 0 else len(self.text)
            return [Shaped(name, None, self.text[brace : self._at], value)]
        return (
            list(read_json_value(value, self.actions))
            if is_call(value, self.names)
            else [self._call(name, value, str(value))]
        )

    def _bracketed(self, behind: int) -> list[Shaped]:
        """`name(…)` or `name[…]`; `behind` is the place behind the opening bracket."""
        start, end = self._at, _end_of_bracket(self.text, behind)
        self._at = end or len(self.text)
        written = self.text[start : self._at]
        if end:
            return [read_call(written, self.actions) or unread(written, self.names)]
        return [Shaped(first_named(written, self.names), None, written, Unreadable("truncated"))]

    def _call(self, name: str, value: Any, raw: str) -> Shaped:
        try:
            return Shaped(name, read_object(value, name, self.actions.get(name)), raw)
        except Unreadable as complaint:
            return Shaped(name, None, raw, complaint)


def _end_of_bracket(text: str, behind: int) -> int:
    """Where the bracket is closed again that was opened right before `behind`; 0 when it is not."""
    depth = 1
    for token in _BRACKETS.finditer(text, behind):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.group(), 0)
        if depth == 0:
            return token.end()
    return 0


def _without_lead(words: str) -> str:
    return words[:-80] + _LEAD.sub("", words[-80:])
