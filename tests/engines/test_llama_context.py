"""What is cut when the context is short, and what never is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shopbot.engines.llama.chat import MODEL, USER, ChatMessage
from shopbot.engines.llama.fitting import KEPT_CHARACTERS, ContextError, Fitted, fit

SYSTEM = ["system"] * 10
ALLOWED, EVERY = ["action"] * 10, ["action"] * 30
NOTE = " […]"


def tokens(said: Sequence[ChatMessage], all_actions: bool) -> list[int]:
    """One token a word, the words numbered by their place in a list of all."""
    words = [*SYSTEM, *(EVERY if all_actions else ALLOWED), *(word for one in said for word in one.text.split())]
    return [hash(word) for word in words]


def turn(number: int) -> list[ChatMessage]:
    long = " ".join(f"fact{number}-{place}" for place in range(100))
    return [
        ChatMessage(USER, f"question {number}"),
        ChatMessage(MODEL, "call"),
        ChatMessage(USER, long, observed="look"),
    ]


CONVERSATION = [*turn(1), *turn(2), *turn(3), ChatMessage(USER, "the newest question"), *turn(4)[2:]]


def fitted(room: int) -> Fitted:
    return fit(CONVERSATION, tokens, room, NOTE)


def test_nothing_is_cut_when_there_is_room() -> None:
    assert fitted(1000)[1:] == (True, 0, 0)


def test_actions_not_allowed_now_go_first() -> None:
    whole = len(tokens(CONVERSATION, True))
    assert fitted(whole - 1)[1:] == (False, 0, 0)


def test_then_the_oldest_observation_is_condensed() -> None:
    bare = len(tokens(CONVERSATION, False))
    assert fitted(bare - 1)[2:] == (2, 0)  # a quarter of the room at a time
    beginning = CONVERSATION[2].condensed(KEPT_CHARACTERS, NOTE).text
    assert beginning.startswith("fact1-0 fact1-1")
    assert beginning.endswith(NOTE)
    assert hash("fact1-99") not in fitted(bare - 1).tokens
    assert hash("fact3-99") in fitted(bare - 1).tokens


def test_then_the_oldest_turns_go_and_the_newest_question_stays() -> None:
    found = fitted(160)
    assert found.dropped
    assert {hash("newest"), hash("system"), hash("fact4-99")} <= set(found.tokens)
    assert hash("fact1-0") not in found.tokens


def test_last_the_observations_of_this_turn() -> None:
    found = fitted(60)
    assert {hash("newest"), hash("fact4-0")} <= set(found.tokens)
    assert hash("fact4-99") not in found.tokens


def test_what_is_cut_stays_the_same_for_many_turns() -> None:
    room, kept = 260, set()
    said = list(CONVERSATION)
    for number in range(5, 13):
        said += [ChatMessage(MODEL, "answer"), ChatMessage(USER, f"question {number}")]
        found = fit(said, tokens, room, NOTE)
        kept.add((found.condensed, found.dropped))
    assert len(kept) <= 2


def test_what_cannot_be_cut_is_one_sentence() -> None:
    with pytest.raises(
        ContextError, match=r"^The model's context leaves 20 tokens .* takes \d+: use a model with .*\.$"
    ):
        fitted(20)
