"""A small grammar of whole utterances, written by people in a data file, and the automaton that recognises it.

What can be written, and how a message is taken apart into words, stands at the head of `prompts/words/consent.yaml`.
The grammar is regular (a slot cannot hold itself), so a non-deterministic automaton reads a message in one pass,
without backtracking: time grows linearly with the number of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shopbot.prompts import PromptError

ASKED, ANYTHING = "{asked}", "{anything}"
"""The open slots: a word fills one when whoever reads the message gives it as one of the word's readings."""
_SMILEY = r"[:;=]-?[()DPp](?!\w)"
_LETTERS = r"[A-Za-z]+(?:['’][A-Za-z]+)*"
_WORD = re.compile(rf"{_SMILEY}|{_LETTERS}|…|\.(?:\s*\.)+|[^\s.,!;:–—-]")
_MARK = re.compile(rf"{_SMILEY}|\{{\w+\}}|[()\[\]|*]|{_LETTERS}|\S")
_DRESS = re.compile("(?<=[☀-➿\U0001f300-\U0001faff])[️\U0001f3fb-\U0001f3ff]+")
"""What changes a symbol's looks and not its sense: the emoji variation selector and the tones of skin."""


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; every character that is neither letter nor harmless is a word of its own."""
    return [_normal(found) for found in _WORD.findall(_DRESS.sub("", text))]


def _normal(word: str) -> str:
    if word.startswith("."):
        return "…"
    # Letters are ASCII here: nothing that only looks like one, or lower-cases to one, becomes one.
    return word.lower().replace("'", "").replace("’", "") if word[0].isascii() and word[0].isalpha() else word


@dataclass
class _State:
    """Where a reading can stand: the states after each next word, and those reached without one."""

    after: dict[str, list[int]] = field(default_factory=dict)
    skips: list[int] = field(default_factory=list)


class Utterances:
    """The automaton for a list of phrases with their slots.

    Raises:
        PromptError: a phrase has unmatched brackets, an unknown slot, or one that holds itself.
    """

    def __init__(self, phrases: Sequence[str], slots: Mapping[str, Sequence[str]]) -> None:
        self._slots = slots
        self._states: list[_State] = []
        self._moves: dict[int, dict[str, frozenset[int]]] = {}
        self._start, self._end = self._add(), self._add()
        for phrase in phrases:
            self._draw(phrase, self._start, self._end, ())

    @property
    def words(self) -> frozenset[str]:
        """Every word that occurs in an utterance."""
        return frozenset(word for state in self._states for word in state.after)

    def match(self, spoken: Iterable[frozenset[str]]) -> bool:
        """Whether the whole is one of the utterances; each word comes as the listed words that it may stand for."""
        at: frozenset[int] = frozenset({self._start})
        for readings in spoken:
            moves = [self._moves_from(state) for state in at]
            at = frozenset(target for move in moves for word in readings for target in move.get(word, ()))
            if not at:
                return False
        return any(self._end in self._reach(state) for state in at)

    def utterances(self, longest: int) -> Iterator[str]:
        """Every utterance of at most so many words, once each and in no particular order: for whoever reviews them."""
        after: dict[frozenset[int], dict[str, frozenset[int]]] = {}
        waiting: list[tuple[tuple[str, ...], frozenset[int]]] = [((), frozenset({self._start}))]
        while waiting:
            said, at = waiting.pop()
            if any(self._end in self._reach(state) for state in at):
                yield " ".join(said)
            if len(said) < longest:
                moves = after.get(at) or after.setdefault(at, self._merged(at))
                waiting += [((*said, word), targets) for word, targets in moves.items()]

    def _merged(self, at: frozenset[int]) -> dict[str, frozenset[int]]:
        """The states after each word that can come next in any of several states."""
        found: dict[str, set[int]] = {}
        for state in at:
            for word, targets in self._moves_from(state).items():
                found.setdefault(word, set()).update(targets)
        return {word: frozenset(targets) for word, targets in found.items()}

    def _add(self) -> int:
        self._states.append(_State())
        return len(self._states) - 1

    def _draw(self, phrase: str, start: int, end: int, within: tuple[str, ...]) -> None:
        """Lay the phrase between two states; `within` names the slots it stands in."""
        marks = _MARK.findall(phrase)
        at = self._draw_choice(marks, phrase, start, end, within)
        if at != len(marks):
            raise PromptError(f"The phrase {phrase!r} has an unmatched {marks[at]!r}: close every bracket.")

    def _draw_choice(
        self, marks: Sequence[str], phrase: str, start: int, end: int, within: tuple[str, ...], at: int = 0
    ) -> int:
        """Lay alternatives between two states, up to a closing bracket or the end; where that is."""
        here = start
        while at < len(marks) and marks[at] not in (")", "]"):
            if marks[at] == "|":
                self._states[here].skips.append(end)
                here, at = start, at + 1
                continue
            here, at = self._draw_one(marks, phrase, here, within, at)
        self._states[here].skips.append(end)
        return at

    def _draw_one(
        self, marks: Sequence[str], phrase: str, start: int, within: tuple[str, ...], at: int
    ) -> tuple[int, int]:
        """Lay a word, slot or bracket from a state on: the state behind it and the next mark."""
        mark, first, last = marks[at], self._add(), self._add()
        self._states[start].skips.append(first)
        if mark in ("(", "["):
            at = self._draw_choice(marks, phrase, first, last, within, at + 1)
            if at == len(marks) or marks[at] != {"(": ")", "[": "]"}[mark]:
                raise PromptError(f"The phrase {phrase!r} has an unmatched {mark!r}: close every bracket.")
            if mark == "[":
                self._states[first].skips.append(last)
        elif mark.startswith("{"):
            self._draw_slot(mark[1:-1], phrase, first, last, within)
        else:
            self._draw_words(mark, first, last)
        if marks[at + 1 : at + 2] == ["*"]:
            self._states[first].skips.append(last)
            self._states[last].skips.append(first)
            at += 1
        return last, at + 1

    def _draw_slot(self, name: str, phrase: str, start: int, end: int, within: tuple[str, ...]) -> None:
        if f"{{{name}}}" in (ASKED, ANYTHING):
            self._states[start].after.setdefault(f"{{{name}}}", []).append(end)
            return
        if name not in self._slots:
            raise PromptError(f"The phrase {phrase!r} has the unknown slot {name!r}: list it or correct the name.")
        if name in within:
            raise PromptError(f"The slot {name!r} holds itself, by {' > '.join((*within, name))}: break the circle.")
        for each in self._slots[name]:
            self._draw(each, start, end, (*within, name))

    def _draw_words(self, mark: str, start: int, end: int) -> None:
        words = words_of(mark)
        for word in words[:1]:
            self._states[start].after.setdefault(word, []).append(end)
        if not words:
            self._states[start].skips.append(end)

    def _moves_from(self, state: int) -> dict[str, frozenset[int]]:
        """The states after each word that can come next."""
        if state not in self._moves:
            found: dict[str, set[int]] = {}
            for each in self._reach(state):
                for word, targets in self._states[each].after.items():
                    found.setdefault(word, set()).update(targets)
            self._moves[state] = {word: frozenset(targets) for word, targets in found.items()}
        return self._moves[state]

    def _reach(self, state: int) -> set[int]:
        """The states reached without a word, the state itself among them."""
        reached, waiting = {state}, [state]
        while waiting:
            for each in self._states[waiting.pop()].skips:
                if each not in reached:
                    reached.add(each)
                    waiting.append(each)
        return reached
