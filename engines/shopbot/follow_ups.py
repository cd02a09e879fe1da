"""Follow-up questions: "and for shoes?" right after "can I return sale items?" is asked together with it.

A rule over a word list (`prompts/words/follow_ups.yaml`): the embedded planner writes no sentences of its own. A
message that leans on nothing is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from shopbot.engines.protocol import Briefing
from shopbot.engines.shopbot.reader import Reading
from shopbot.prompts import load_data, render
from shopbot.prompts.phrases import any_phrase

_SEARCH, _ASKS = "search_policies", "ask_policy"
_MISREAD = {"choose_items", "add_items", "out_of_scope", "unclear"}
"""Acts that a few words of a follow-up are taken for: "and hats?" names an item as well."""
_LONGEST = 300
"""Characters of an earlier question that a follow-up is joined to; a whole letter would drown it."""


def in_context(
    message: str, reading: Reading, before: Sequence[BaseMessage], briefing: Briefing
) -> tuple[Reading, str]:
    """How a message is to be read after what came `before`, and the question that it asks together with that."""
    earlier = _earlier_question(before) if leans(message) else None
    if earlier is None or len(earlier) > _LONGEST:
        return reading, message
    turn_start = briefing["turn_start"]
    is_free = turn_start["awaiting"] is None and turn_start["goal"] is None
    if is_free and message.rstrip().endswith("?") and reading.performed <= _MISREAD:
        reading = replace(reading, performed=frozenset({_ASKS}))
    subject = _subject(earlier)
    return reading, render("planner/follow_up.j2", message=message, subject=subject) if subject else message


def leans(message: str) -> bool:
    """Whether a question cannot be understood without the one before it."""
    begins, holds, unless = _patterns()
    said = message.casefold().replace("’", "'").strip()
    length = len(said.split())
    if length > int(_words()["long"]) or unless.search(said):
        return False
    return length <= int(_words()["short"]) or bool(begins.match(said) or holds.search(said))


def _earlier_question(before: Sequence[BaseMessage]) -> str | None:
    """What the turn right before asked of the documents; when that was a follow-up too, what it followed."""
    earlier = None
    for words, searched in _turns_backwards(before):
        if not searched:
            break
        earlier = words
        if not leans(words):
            break
    return earlier


def _subject(question: str) -> str:
    """The words of a question that say what it is about: all of it would outweigh the few words that follow it."""
    empty = set(_words()["empty"])
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", question)
    return " ".join(word for word in words if word.casefold().replace("’", "'") not in empty)


def _turns_backwards(messages: Sequence[BaseMessage]) -> Iterator[tuple[str, bool]]:
    """Each turn, newest first: the customer's words, and whether the documents were searched."""
    searched = False
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            searched = searched or any(call["name"] == _SEARCH for call in message.tool_calls)
        elif isinstance(message, HumanMessage):
            yield message.text, searched
            searched = False


def _words() -> dict[str, Any]:
    words: dict[str, Any] = load_data("words/follow_ups.yaml")
    return words


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    begins, holds, unless = (re.compile(any_phrase(_words()[kind])) for kind in ("begins", "holds", "unless"))
    return begins, holds, unless
