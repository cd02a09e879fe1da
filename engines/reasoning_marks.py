"""Markers that a model puts around a part of its text: <think>, [THINK], ◁think▷, <|START_THINKING|>, <final_answer>.

Known by their shape: symbols around a name, and the same again with a slash or with "end" where "begin" was. What the
parts of the name begin with tells what is inside.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from shopbot.prompts import load_data

_FILE = "engines/dialects.yaml"
_NAME = r"[^\W\d_][\w:.▁-]{0,40}(?(angle)|(?: [^\W\d_]\w{0,20}){0,3})"
MARK = re.compile(
    r"(?P<open>(?P<angle><[|｜]?)|\[{1,2}|\{{1,2}|\({1,2}|[^\x00-\x7f\w\s])"
    rf"\s?(?P<slash>/?)\s?(?P<name>{_NAME})(?(angle)(?:[\s=][^<>\n]{{0,200}})?)"
    r"(?P<close>[|｜]?>|\]{1,2}|\}{1,2}|\){1,2}|[^\x00-\x7f\w\s])|(?P<code>`+)|(?P<line>\n)"
)
"""A marker, or what tells whether one stands in code."""
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_BREAK = "\x00"
"""Stands where a marker closed that was never opened; no such character is in a text."""


def of_kind(kind: str, text: str) -> Callable[[re.Match[str]], bool]:
    """Whether a marker in the text is of a kind of `names`.

    One that is not opened and closed counts where it can be nothing else: no word in brackets, no "<answer>" to be
    filled in.
    """
    pairs = pairs_in(text)

    def is_of_kind(mark: re.Match[str]) -> bool:
        if kind_of(mark["name"]) != kind:
            return False
        name, end = read_name(mark["name"])
        return name in pairs or bool(end or mark["slash"]) or _stands_alone(mark, kind)

    return is_of_kind


def _stands_alone(mark: re.Match[str], kind: str) -> bool:
    symbol = mark["open"]
    if kind == "answer":
        return symbol[0] == "<" and mark.string[: mark.start()].rpartition("\n")[2].strip() == ""
    exact = mark["name"].lower() in load_data(_FILE)["reasoning"]
    drawn = unicodedata.category(symbol[0]) in ("So", "Sm") and symbol != mark["close"]
    return symbol[0] == "<" or (exact and (mark["name"].isupper() or drawn))


@lru_cache(maxsize=512)
def kind_of(name: str) -> str:
    """What is behind a name: "call", "reasoning" or "answer", the first that a part of it tells of; else nothing."""
    parts = [word.lower() for word in _WORDS.findall(name)]
    if name.lower() in load_data(_FILE)["markup"]:
        return ""
    beginnings: dict[str, list[str]] = load_data(_FILE)["names"]
    kinds = ("call", "reasoning", "answer")
    return next((k for k in kinds if any(part.startswith(tuple(beginnings[k])) for part in parts)), "")


@lru_cache(maxsize=512)
def read_name(name: str) -> tuple[str, str]:
    """A marker's name without the word for its end, and "opening" or "closing" where it has one."""
    parts = [part for part in re.split(r"[\s_▁:.-]+", name.lower()) if part]
    ends: dict[str, list[str]] = load_data(_FILE)["ends"]
    for kind, listed in ends.items():
        if len(parts) > 1 and (parts[0] in listed or parts[-1] in listed):
            return " ".join(part for part in parts if part not in (*listed, "of")), kind
    return " ".join(parts), ""


def is_closing(mark: re.Match[str]) -> bool:
    """Whether a marker ends what another has begun."""
    return bool(mark["slash"]) or read_name(mark["name"])[1] == "closing"


def split_marked(text: str, is_wanted: Callable[[re.Match[str]], bool]) -> tuple[str, str] | None:
    """The text outside of such markers and the text inside; None when there are none.

    One that is left open reaches to the end; one that is only closed reaches back to the beginning, since templates
    open it in the prompt. Markers in code, between backticks that are closed again, are words like any others.
    """
    splitter = _Splitter(is_wanted)
    outside, inside = splitter.split(text.replace(_BREAK, ""))
    if splitter.began_inside:
        head, _, tail = outside.partition(_BREAK)
        outside, inside = tail, f"{head}\n{inside}"
    return (outside.strip(), inside.strip()) if splitter.found else None


def pairs_in(text: str) -> set[str]:
    """The names of what is opened and closed again in a text, outside of code, and is no markup of a reply's own."""
    markup = load_data(_FILE)["markup"]
    sides: tuple[set[str], set[str]] = (set(), set())
    for mark in _outside_of_code(text):
        name, end = read_name(mark["name"])
        if end or name not in markup:
            sides[is_closing(mark)].add(name)
    return sides[0] & sides[1]


def lone_in(text: str) -> set[str]:
    """The names of tags that close themselves, outside of code, and are no markup of a reply's own."""
    lone = (mark for mark in _outside_of_code(text) if mark["open"] == "<" and mark.group().endswith("/>"))
    return {read_name(mark["name"])[0] for mark in lone} - {*load_data(_FILE)["markup"]}


def _outside_of_code(text: str) -> list[re.Match[str]]:
    """Every marker that stands in no code."""
    marks: list[re.Match[str]] = []

    def look(mark: re.Match[str]) -> bool:
        marks.append(mark)
        return False

    _Splitter(look).split(text)
    return marks


class _Splitter:
    """Takes one text apart; after it, `found`: a marker was there, `began_inside`: the first was a closing one."""

    def __init__(self, is_wanted: Callable[[re.Match[str]], bool]) -> None:
        self.found = False
        self.began_inside = False
        self._is_wanted = is_wanted
        self._depth = 0
        self._code = ""
        self._openers: frozenset[int] = frozenset()

    def split(self, text: str) -> tuple[str, str]:
        """What is outside and what is inside."""
        parts: tuple[list[str], list[str]] = ([], [])
        start = 0
        tokens = list(MARK.finditer(text))
        self._openers = _openers_of_code(tokens)
        for token in tokens:
            parts[self._depth > 0].append(text[start : token.start()])
            parts[self._depth > 0].append(self._pass(token))
            start = token.end()
        parts[self._depth > 0].append(text[start:])
        return "".join(parts[0]), "".join(parts[1])

    def _pass(self, token: re.Match[str]) -> str:
        """What of the token itself is text."""
        word = token.group()
        if token["code"] and (self._depth == 0 or len(word) < 3):
            begun = word if token.start() in self._openers else ""
            self._code = "" if self._code == word else self._code or begun
        elif token["line"]:
            self._code = self._code if len(self._code) > 2 else ""
        elif token["name"] and not self._code and self._is_wanted(token):
            return self._mark(closing=is_closing(token))
        return word

    def _mark(self, *, closing: bool) -> str:
        self.found = True
        if not closing:
            self._depth += 1
        elif self._depth:
            self._depth -= 1
            return "\n" if self._depth else ""
        elif not self.began_inside:
            self.began_inside = True
            return _BREAK
        return ""


def _openers_of_code(tokens: list[re.Match[str]]) -> frozenset[int]:
    """Where backticks stand that others like them close: inline code in its own line, a block anywhere behind."""
    openers, waiting = set(), dict[str, int]()
    for token in tokens:
        word = token.group()
        if token["line"]:
            waiting = {run: start for run, start in waiting.items() if len(run) > 2}
        elif token["code"]:
            openers |= {waiting[word]} if word in waiting else set()
            waiting[word] = token.start()
    return frozenset(openers)
