"""A message understood in its conversation: what the reader is told of it, what it missed, what a follow-up leans on.

What plainly stands in a message although the reader missed it (a typed address, six digits, a product's own name) is
added to the reading: only what the conversation waits for, and only in the spelling in which nothing else is written. A
follow-up question, "and for shoes?" right after "can I return sale items?", is asked together with that: a rule over a
word list (`prompts/words/follow_ups.yaml`), since the embedded planner writes no sentences of its own.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from shopbot.engines.protocol import Briefing, TurnStart
from shopbot.engines.shopbot.reader import Reading, Span
from shopbot.prompts import load_data, render
from shopbot.prompts.consent import Answer, read_answer
from shopbot.prompts.phrases import any_phrase

_KNOWN = ("order_number", "email", "customer", "order", "items", "offer", "label")
"""The facts that the reader knows of, in the order in which it learned to see them."""
_ADDRESS = re.compile(r"[\w.%+'-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,-])#?\d{6}(?![\w-]|[.,]\d)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CLOSE_SPELLING = 0.8
_SHORTEST = 4
_UNSURE = 0.5
"""The score of a value that the reader did not see: any that it saw goes before."""
_NAMING = frozenset(
    {"choose_items", "choose_everything", "add_items", "remove_items", "want_return", "nothing_more", "unclear"}
)
_SEARCH, _ASKS = "search_policies", "ask_policy"
_MISREAD = {"choose_items", "add_items", "out_of_scope", "unclear"}
"""Acts that a few words of a follow-up are taken for: "and hats?" names an item as well."""
_AFTER_QUESTION = re.compile(r"(?<=\?)\s+(?=\S)")
_WHOLE = 5
"""Words that a further question has at least to be one by itself."""
_LONGEST = 300
"""Characters of an earlier question that a follow-up is joined to; a whole letter would drown it."""


def context_of(turn_start: TurnStart) -> str:
    """How things stood when the customer spoke, as one line."""
    goal = load_data("planner/goals.yaml").get(turn_start["goal"]) if turn_start["goal"] else None
    known = [fact for fact in _KNOWN if fact in turn_start["known"]]
    return render_context(turn_start["awaiting"], goal, known)


def render_context(awaiting: str | None, goal: str | None, known: Sequence[str]) -> str:
    """Say what the shop has just asked for, what the customer is after, and which facts are known."""
    facts = ", ".join(known) or "nothing"
    return f"asked for: {awaiting or 'nothing'}. goal: {goal or 'none'}. known: {facts}."


def with_plain_values(reading: Reading, message: str, briefing: Briefing) -> Reading:
    """The reading with what plainly stands in the message added to it."""
    turn_start = briefing["turn_start"]
    if turn_start["awaiting"] == "confirmation" and read_answer(message) is Answer.YES:
        # Whether it counts is for the gate to say.
        return replace(reading, performed=frozenset({"confirm"}))
    if "customer" not in turn_start["known"] and not _gives(reading, "give_email", "EMAIL"):
        reading = _with(reading, [*_found(_ADDRESS, message, "EMAIL")], "give_email")
    if turn_start["awaiting"] == "order_number" and not _gives(reading, "give_order_number", "ORDER"):
        reading = _with(reading, [*_found(_NUMBER, message, "ORDER")], "give_order_number")
    if turn_start["awaiting"] in ("items", "confirmation") and (_is_unsure(reading) or reading.performed <= _NAMING):
        lines = (briefing["facts"].get("order") or {}).get("items") or []
        reading = _with(reading, [*_names(message, reading, lines)], "choose_items")
    return reading


def _gives(reading: Reading, act: str, kind: str) -> bool:
    return reading.performs(act) and any(span.kind == kind for span in reading.spans)


def _with(reading: Reading, spans: Sequence[Span], act: str) -> Reading:
    if not spans:
        return reading
    performed = {act} if _is_unsure(reading) else (reading.performed - {"unclear"}) | {act}
    acts = {**reading.acts, act: max(reading.acts.get(act, 0.0), _UNSURE)}
    return replace(reading, acts=acts, spans=(*reading.spans, *spans), performed=frozenset(performed))


def _is_unsure(reading: Reading) -> bool:
    """Whether the reader merely guessed."""
    return all(reading.acts[act] < _UNSURE for act in reading.performed)


def _found(pattern: re.Pattern[str], message: str, kind: str) -> Iterator[Span]:
    """What fits the pattern, unless it stands there more than once."""
    found = [*pattern.finditer(message)]
    if len(found) == 1:
        yield Span(kind, found[0].group(), found[0].start(), found[0].end(), _UNSURE)


def _names(message: str, reading: Reading, lines: Sequence[dict[str, Any]]) -> Iterator[Span]:
    """Products of the order that the message names by the noun or by two words of the name."""
    words = [word for word in _WORD.finditer(message) if not _is_read(word, reading)]
    if not any(span.kind == "ITEM" for span in reading.spans) and _is_only_a_name(words, lines):
        yield Span("ITEM", message, 0, len(message), _UNSURE)
        return
    for line in lines:
        name = _content(re.split(r"[,(]", line["name"])[0])
        fitting = [word for word in words if _is_one_of(word.group(), name)]
        if len(fitting) > 1 or any(_is_one_of(word.group(), name[-1:]) for word in fitting):
            start, end = fitting[0].start(), fitting[-1].end()
            words = [word for word in words if word not in fitting]
            yield Span("ITEM", message[start:end], start, end, _UNSURE)


def _is_only_a_name(words: Sequence[re.Match[str]], lines: Sequence[dict[str, Any]]) -> bool:
    """Whether the message holds nothing but words of one product's name ("the blue")."""
    fillers = load_data("words/items.yaml")["fillers"]
    said = [word.group().casefold() for word in words if word.group().casefold() not in fillers]
    names = [set(_WORD.findall(line["name"].casefold())) for line in lines]
    return bool(said) and not all(map(str.isdecimal, said)) and any(set(said) <= name for name in names)


def _is_read(word: re.Match[str], reading: Reading) -> bool:
    return any(span.start < word.end() and word.start() < span.end for span in reading.spans)


def _content(name: str) -> list[str]:
    fillers = load_data("words/items.yaml")["fillers"]
    return [word for word in map(str.casefold, _WORD.findall(name)) if word not in fillers and len(word) >= _SHORTEST]


def _is_one_of(word: str, names: Sequence[str]) -> bool:
    word = word.casefold()
    if len(word) < _SHORTEST:
        return False
    similar = [name for name in names if name[0] == word[0]]
    return any(difflib.SequenceMatcher(None, word, name).ratio() >= _CLOSE_SPELLING for name in similar)


def in_context(
    message: str, reading: Reading, before: Sequence[BaseMessage], briefing: Briefing
) -> tuple[Reading, str]:
    """How a message is to be read after what came `before`, and the question that it asks together with that."""
    earlier = _earlier_question(before)
    if earlier is None or len(earlier) > _LONGEST or not leans(message):
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


def questions_in(message: str) -> list[str]:
    """The questions of a message, each with what was said before it; one that leans on another stays with that."""
    holds = _patterns()[1]
    questions: list[str] = []
    for sentence in _AFTER_QUESTION.split(message):
        alone = sentence.endswith("?") and len(sentence.split()) >= _WHOLE and not holds.search(sentence.casefold())
        if questions and not alone:
            questions[-1] += f" {sentence}"
        else:
            questions.append(sentence)
    return questions


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
