"""The words by which a completion is read, from `prompts/engines/react_labels.yaml`, as patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from shopbot.prompts import load_data
from shopbot.prompts.phrases import any_phrase

_FILE = "engines/react_labels.yaml"


def squash(words: str) -> str:
    """Letters and digits in lower case: "Final Answer" and "final_answer" are the same."""
    return re.sub(r"[\W_]+", "", words).casefold()


def words(kind: str) -> frozenset[str]:
    """The squashed words of a list ("replies", "nothing", "around_names")."""
    return _squashed(tuple(load_data(_FILE)[kind]))


def keys(kind: str) -> tuple[str, ...]:
    """The JSON keys that stand for the name, the arguments, the answer and so on."""
    return tuple(load_data(_FILE)["keys"][kind])


@lru_cache(maxsize=16)
def _squashed(listed: tuple[str, ...]) -> frozenset[str]:
    return frozenset(squash(word) or word for word in listed)


def ends_of_turn() -> re.Pattern[str]:
    """Where a model's turn ends although the text goes on."""
    return _compiled("|".join(map(re.escape, load_data(_FILE)["ends"])))


def label_pattern() -> re.Pattern[str]:
    """A label at the start of a line: `kind` is the group's name. Without a colon it must be a heading or bold."""
    kinds = _kinds(tuple((kind, tuple(listed)) for kind, listed in load_data(_FILE)["labels"].items()))
    number = r"(?:[ \t]{0,2}\d{1,3})?"
    colon = r"[ \t*_\]`]{0,6}[:：][ \t]*(?:[*_]{1,3}(?=\s|$|\S))?"
    heading = r"(?P<marked>[ \t*_:]{0,6}(?=\n|\Z))"
    decorated = r"^[ \t]{0,8}(?P<mark>[#*\-_•\[`]{0,6}[ \t]{0,2}[*_\[`]{0,3})"
    return _compiled(rf"{decorated}(?:{kinds})(?!\w){number}(?:{colon}|{heading})", re.MULTILINE | re.IGNORECASE)


def inline_pattern(kind: str) -> re.Pattern[str]:
    """A label of two words and more (or "Action") in the middle of a line, after the end of a sentence or a name."""
    listed = [label for label in load_data(_FILE)["labels"][kind] if " " in label or label == "action"]
    return _compiled(rf"(?<=[\w.!?…)`\"'*]) {{1,4}}(?={_any_label(tuple(listed))}[ \t]{{0,2}}[:：])", re.IGNORECASE)


@lru_cache(maxsize=8)
def _kinds(labels: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    # "action input" must be tried before "action".
    order = sorted(labels, key=lambda pair: pair[0] != "input")
    return "|".join(f"(?P<{kind}>{_any_label(listed)})" for kind, listed in order)


def _any_label(labels: Iterable[str]) -> str:
    return f"(?:{any_phrase(labels, '', '')})".replace(r"\ ", "[ _-]{0,2}")


@lru_cache(maxsize=16)
def _compiled(pattern: str, flags: Any = re.NOFLAG) -> re.Pattern[str]:
    return re.compile(pattern, flags)
