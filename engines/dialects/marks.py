"""Where a call may begin in a text: tags, braces, and the names of actions in call shape."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from shopbot.engines.labels import ends_of_turn
from shopbot.prompts import load_data

_FILE = "engines/dialects.yaml"
_SINGLE = r"\((?=\s{0,20}(?:\)|[{\[\"'“‘`«\d-]|\w{1,60}\s{0,3}[=:]))"
"""Behind a name that is a plain word, such a bracket opens a call; others are prose: "lend (for free)", "book(s)"."""
_LABEL = r"[\s:`*]{0,20}(?:\d{1,4})?(?:json|(?:action[ _-]?)?(?:inputs?|arguments|args|parameters))?[\s:`*=]{0,20}"


@lru_cache(maxsize=64)
def marks(names: tuple[str, ...]) -> re.Pattern[str]:
    """Matches a `tag`, an `open`ing run of braces, or the `name` of an action and the bracket that makes it a call."""
    spelt, in_parts = either_spelt(names), either_spelt(name for name in names if "_" in name)
    plain = rf"(?P<name>{spelt})(?:{_SINGLE}|{_LABEL}(?=\{{))"
    record = r"(?<![\w.])[A-Za-z]\w{0,60}\(\s{0,20}\w{1,60}\s{0,3}="
    named = rf"(?<!\w)(?:{plain}|(?P<long>{in_parts})[ \t]?[(\[])"
    return re.compile(rf"{_tag(names)}|(?P<open>\{{+)|{named}|(?P<record>{record})", re.IGNORECASE)


@lru_cache(maxsize=64)
def tags(names: tuple[str, ...]) -> re.Pattern[str]:
    """A dialect's tag, or one named like an action."""
    return re.compile(_tag(names), re.IGNORECASE)


def _tag(names: tuple[str, ...]) -> str:
    listed: dict[str, list[str]] = load_data(_FILE)
    angled = _either([*listed["tags"], *names])
    thoughts = _either(listed["reasoning"])
    brackets = _either(listed["brackets"])
    parts = (
        r"<\s?(?P<closing>/)?\s?(?:[\w.-]{1,30}:)?" + rf"(?:{angled})(?![\w-])(?P<named>[^<>]{{0,200}})(?:>|\Z|(?=<))",
        rf"(?!(?<=(?<!`)`)</?(?:{thoughts})>`(?!`))<\s?/?\s?(?:{thoughts})(?![\w-])[^<>]{{0,200}}(?:>|\Z|(?=<))",
        rf"\[(?P<shut>/)?(?:{brackets})\]",
        r"<[|｜](?P<ending>/?)\w[^<>|｜\n]{0,40}(?:[|｜]>)?",
    )
    return rf"(?P<tag>{'|'.join(parts)})"


def _either(listed: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(listed, key=len, reverse=True))


def either_spelt(names: Iterable[str]) -> str:
    """The names as models write them: take_email, take\\_email, take-email, takeEmail."""
    spelt = (r"\\?[_-]?".join(map(re.escape, name.split("_"))) for name in sorted(names, key=len, reverse=True))
    return "|".join(spelt) or r"(?!)"


def own_turn(text: str) -> tuple[str, bool]:
    """What the model said in its own turn, separators as spaces, and whether it went on with a result it made up."""
    listed: dict[str, Any] = load_data(_FILE)
    ending = ends_of_turn().search(text)
    text = text[: ending.start()] if ending and text[: ending.start()].strip() else text
    made_up = _compiled(tuple(listed["made_up"])).search(text)
    own = _compiled(tuple(listed["separators"])).sub(" ", text[: made_up.start()] if made_up else text)
    return own, made_up is not None


@lru_cache(maxsize=8)
def _compiled(listed: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(_either(listed), re.IGNORECASE)


@lru_cache(maxsize=64)
def _beginnings(names: tuple[str, ...]) -> frozenset[str]:
    listed = load_data(_FILE)
    words = [*listed["tags"], *listed["reasoning"], *names]
    return frozenset(word[:length].casefold() for word in words for length in range(2, len(word) + 1))


def ends_in_a_tag(text: str, names: tuple[str, ...]) -> bool:
    """Whether the text breaks off in the middle of a tag."""
    cut = re.search(r"<(?:[/\s]{0,2}(\w{2,40})|[|｜])\Z", text[-50:])
    return cut is not None and (not cut[1] or cut[1].casefold() in _beginnings(names))


@lru_cache(maxsize=64)
def insides(names: tuple[str, ...]) -> re.Pattern[str]:
    """In a text that has a brace and cannot be read: the name of an action, or a quoted key that only calls have."""
    keys = _either(load_data(_FILE)["call_keys"])
    spelt = either_spelt(names)
    return re.compile(rf"(?<!\w)(?:{spelt})(?!\w)|\{{\s*\\?[\"'“‘„`](?:{keys})\\?[\"'”’`]", re.IGNORECASE)


def sentence(reason: str, why: str = "") -> str:
    """A sentence of `prompts/engines/dialects.yaml`."""
    wording: str = load_data(_FILE)[reason]
    return wording.replace("{why}", why)
