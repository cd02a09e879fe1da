"""Whose name is in a text: people who introduce themselves, who are addressed, whose e-mail address holds their name,
and common given names. Words are listed in `prompts/words/people.yaml`. What this cannot see: a rare name that is
said without any of these."""

from __future__ import annotations

import re
from functools import lru_cache

from shopbot.prompts import load_data

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*[^\W_])?")
_LOCAL_PART = re.compile(r"(?<![^\s@<>()\[\]{},;:\"])([^\s@<>()\[\]{},;:\"]+)\s?@")
_MOST_WORDS = 3


def names_in(text: str) -> tuple[str, ...]:
    """The words of names in `text`, in lower case, in the order in which they turn up."""
    return _names_in(text, _words())


@lru_cache(maxsize=1024)
def _names_in(text: str, words: _Words) -> tuple[str, ...]:
    found: list[str] = []
    for pattern, capital in ((words.introduced, False), (words.hinted, True)):
        for cue in pattern.finditer(text):
            found += _name_after(text, cue.end(), capital, words.not_names)
    for word in _WORD.finditer(text):
        if _plain(word.group()) in words.given_names:
            found.append(_plain(word.group()))
            found += _name_after(text, word.end(), True, words.not_names)
    for address in _LOCAL_PART.finditer(text):
        parts = re.findall(r"[^\W\d_]{3,}", address[1].casefold())
        found += [part for part in parts if part not in words.not_persons]
    return tuple(dict.fromkeys(found))


class _Words:
    def __init__(self, listed: dict[str, list[str]]) -> None:
        self.introduced = _cues(listed["introductions"])
        self.hinted = _cues(listed["hints"])
        self.not_names = frozenset(listed["not_names"])
        self.not_persons = frozenset(listed["not_persons"])
        self.given_names = frozenset(listed["given_names"])


def _words() -> _Words:
    listed = load_data("words/people.yaml")
    return _prepared(id(listed))


@lru_cache(maxsize=4)
def _prepared(_: int) -> _Words:
    return _Words(load_data("words/people.yaml"))


def _cues(phrases: list[str]) -> re.Pattern[str]:
    listed = "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)[\s.,:!-]*", re.IGNORECASE)


def _name_after(text: str, place: int, capital: bool, not_names: frozenset[str]) -> list[str]:
    """The words from `place` on that can be a name; with `capital`, only those that begin with a capital letter."""
    found: list[str] = []
    while len(found) < _MOST_WORDS:
        word = _WORD.match(text, place + (text[place : place + 1] == " "))
        if not word or _plain(word.group()) in not_names or (capital and not word.group()[0].isupper()):
            break
        found.append(_plain(word.group()))
        place = word.end()
    return found


def _plain(word: str) -> str:
    return word.casefold().removesuffix("'s").removesuffix("’s")
