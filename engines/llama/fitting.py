"""Fits a conversation into the model's context: what is least needed is cut first.

In this order: descriptions of actions that are not allowed now, the oldest observations (condensed to their
beginning), the oldest turns, the observations of this turn. Never cut: the system message, the briefing, and what the
customer said last.

What is cut grows in steps of a quarter of the context, so that the beginning of the prompt stays the same for many
turns and need not be evaluated anew at each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from shopbot.engines.errors import EngineError
from shopbot.engines.llama.chat import USER, ChatMessage

KEPT_CHARACTERS = 120
"""Of a condensed observation: its first sentence, as a rule."""
_STEPS = 4


class ContextError(EngineError):
    """The context cannot hold even what must not be cut; the message says how much it needs."""


class Fitted(NamedTuple):
    """The prompt's tokens, and what was cut: actions described, observations condensed, messages dropped."""

    tokens: list[int]
    all_actions: bool
    condensed: int
    dropped: int


Tokens = Callable[[Sequence[ChatMessage], bool], list[int]]
"""The tokens of a whole prompt: from what was said, and whether every action known is described or only those allowed
now."""


def fit(history: Sequence[ChatMessage], tokens: Tokens, room: int, note: str) -> Fitted:
    """The longest prompt of at most `room` tokens.

    Raises:
        ContextError: there is none.
    """
    whole = tokens(history, True)
    if len(whole) <= room:
        return Fitted(whole, True, 0, 0)
    bare = tokens(history, False)
    if len(bare) <= room:
        return Fitted(bare, False, 0, 0)
    step = max(1, room // _STEPS)
    target = len(bare) - math.ceil((len(bare) - room) / step) * step
    shortest = bare
    best: Fitted | None = None
    for shorter, condensed in _ever_shorter(list(history), note):
        shortest = tokens(shorter, False)
        if len(shortest) <= room:
            best = best or Fitted(shortest, False, condensed, len(history) - len(shorter))
        if len(shortest) <= target:
            return Fitted(shortest, False, condensed, len(history) - len(shorter))
    if best is not None:
        return best
    raise ContextError(
        f"The model's context leaves {room} tokens for the prompt, and what must be in it takes {len(shortest)}: use a "
        "model with a longer context, or fewer actions."
    )


def _ever_shorter(history: list[ChatMessage], note: str) -> Iterator[tuple[list[ChatMessage], int]]:
    newest = max((place for place, one in enumerate(history) if _is_customers(one)), default=len(history))
    condensed = 0
    for place in [p for p, one in enumerate(history[:newest]) if one.observed is not None]:
        shorter = history[place].condensed(KEPT_CHARACTERS, note)
        if shorter != history[place]:
            history[place], condensed = shorter, condensed + 1
            yield list(history), condensed
    starts = [place for place, one in enumerate(history[:newest]) if place and _is_customers(one)]
    for start in [*starts, newest]:
        yield history[start:], condensed
    history = history[newest:]
    for place in [p for p, one in enumerate(history) if one.observed is not None]:
        history[place] = history[place].condensed(KEPT_CHARACTERS, note)
        condensed += 1
        yield list(history), condensed


def _is_customers(one: ChatMessage) -> bool:
    return one.role == USER and one.observed is None
