"""Grounding: is a value that an engine wrote really there in what was said, observed or established?

Spelling does not matter (case, spaces, "#", punctuation, number words, plurals); invention does. A value with a digit
or an "@" in it (an order number, an address, an amount) must appear as one run of tokens; a value of plain words must
have every word in one and the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from shopbot.agents.wording import load_words

_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*|[@%]")
_ADDRESS = re.compile(r"[\w.%+-]+\s*@\s*[\w-]+(?:\.[\w-]+)+")
_SUFFIXES = ("es", "s")


def ungrounded(value: Any, texts: Iterable[str]) -> list[Any]:
    """The leaves of `value` (strings and numbers, at any depth) that none of `texts` contains."""
    texts = list(texts)
    return [leaf for leaf in _leaves(value) if not any(contains(text, leaf) for text in texts)]


def contains(text: str, leaf: str | int | float) -> bool:
    """Whether `text` contains `leaf`, whatever the spelling. An empty value is contained in anything."""
    wanted = _tokens(str(leaf))
    spelled = "".join(wanted)
    if not wanted:
        return True
    if "@" in wanted:
        # Part of a written address is another address: "kowalski@posteo.de" is not in "wanda.kowalski@posteo.de".
        text = _ADDRESS.sub(lambda found: found[0] if "".join(_tokens(found[0])) == spelled else " ", text)
    have = _tokens(text)
    if any(token[0].isdigit() or token == "@" for token in wanted):
        return _has_run(have, spelled)
    return {_stem(token) for token in wanted} <= {_stem(token) for token in have}


def _leaves(value: Any) -> Iterator[str | int | float]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, str | int | float):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _leaves(inner)


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[str, ...]:
    """Lower-case tokens: runs of letters, numbers, "@" and "%"; number words become digits, "at" an "@"."""
    words = load_words("numbers")
    found = (_plain_number(token) for token in _TOKEN.findall(text.casefold()))
    return tuple(words.get(token, token) for token in found)


def _plain_number(token: str) -> str:
    """12.50 -> 12.5, 1,299.00 -> 1299: the same amount in one spelling; anything else unchanged."""
    if not token[0].isdigit():
        return token
    token = token.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", token) else token
    return token.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", token) else token


def _has_run(have: tuple[str, ...], wanted: str) -> bool:
    """Whether some run of consecutive tokens, written together, spells `wanted`."""
    for start in range(len(have)):
        spelled = ""
        for token in have[start:]:
            spelled += token
            if spelled == wanted:
                return True
            if not wanted.startswith(spelled):
                break
    return False


@lru_cache(maxsize=4096)
def _stem(token: str) -> str:
    for suffix in _SUFFIXES:
        if token.endswith(suffix) and len(token) - len(suffix) >= 3:
            return token[: -len(suffix)]
    return token
