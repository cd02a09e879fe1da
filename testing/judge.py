"""A judge of how a conversation ended: by what is established and what was done, not by what was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from shopbot.testing.conversation import Conversation


class Expectation(BaseModel):
    """What must be true at the end. A fact of None must not hold; of `done`, each action exactly so often."""

    model_config = ConfigDict(extra="forbid")

    facts: dict[str, Any] = {}
    done: dict[str, int] = {}
    never: list[str] = []
    """Actions that must not have been done."""
    says: list[str] = []
    """What must stand in one of the replies, letter case aside."""


class Verdict:
    """What is wrong, a sentence each; true when nothing is."""

    def __init__(self, problems: list[str], transcript: str) -> None:
        self.problems = problems
        self.transcript = transcript

    def __bool__(self) -> bool:
        return not self.problems

    def require(self) -> None:
        """Raise an `AssertionError` that tells the problems and the conversation, if there are any."""
        if self.problems:
            raise AssertionError("\n".join([*self.problems, "", self.transcript]))


def judge(talk: Conversation, expected: Expectation) -> Verdict:
    """Whether the conversation ended as expected."""
    problems = [
        *_facts(talk.facts, expected.facts),
        *_deeds(talk.done, expected),
        *(f"No reply says {words!r}." for words in expected.says if not _is_said(words, talk)),
    ]
    return Verdict(problems, talk.transcript())


def _facts(facts: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    problems = []
    for name, value in expected.items():
        if value is None and name in facts:
            problems.append(f"The fact {name!r} is {facts[name]!r} and must not hold.")
        elif value is not None and facts.get(name) != value:
            problems.append(f"The fact {name!r} is {facts.get(name)!r} and should be {value!r}.")
    return problems


def _deeds(done: Mapping[str, int], expected: Expectation) -> list[str]:
    wanted = {**dict.fromkeys(expected.never, 0), **expected.done}
    return [
        f"The action {name!r} was done {done.get(name, 0)} times and should be {times}."
        for name, times in wanted.items()
        if done.get(name, 0) != times
    ]


def _is_said(words: str, talk: Conversation) -> bool:
    return any(words.casefold() in message.text.casefold() for message in talk.messages if message.type == "ai")
