"""A conversation that does not move: the same reply is not given without end, and neither is the word about that."""

from __future__ import annotations

from collections.abc import Iterator

from langchain_core.messages import AIMessage, ToolMessage

from shopbot.agents.state import TurnState
from shopbot.prompts import says

_LOOKED_AT = 5
"""How many of the last replies a new one is compared with."""
_ALLOWED = 2
"""How often the same may be said among them."""


def is_repeated(text: str, state: TurnState) -> bool:
    """Whether the customer has read the very same as often as it helps, since something was last done; that the agent
    is stuck changes no count."""
    replies = [_plain(reply) for reply in _replies(state)]
    if replies.count(_plain(text)) < _ALLOWED:
        return False
    stuck = _stuck_words(len(replies))
    return [reply for reply in replies if reply not in stuck][-_LOOKED_AT:].count(_plain(text)) >= _ALLOWED


def times_stuck(state: TurnState) -> int:
    """How often the customer was told so since something was last done."""
    replies = [_plain(reply) for reply in _replies(state)]
    stuck = _stuck_words(len(replies))
    return sum(reply in stuck for reply in replies)


def was_handed_over(state: TurnState) -> bool:
    """Whether a person has the conversation already."""
    name = state.config.hand_over
    return any(isinstance(m, ToolMessage) and m.name == name and m.status == "success" for m in state.messages)


def stuck_reply(state: TurnState) -> str:
    """What is said in place of a repetition: something else each time."""
    return _wording(times_stuck(state))


def _replies(state: TurnState) -> Iterator[str]:
    """What the agent said since its last write; to hand the conversation over moves nothing."""
    writes = {name for name, action in state.actions.items() if action.effect == "write"} - {state.config.hand_over}
    messages = state.messages
    done = [
        i for i, m in enumerate(messages) if isinstance(m, ToolMessage) and m.name in writes and m.status == "success"
    ]
    return (m.text for m in messages[done[-1] if done else 0 :] if isinstance(m, AIMessage) and not m.tool_calls)


def _wording(before: int) -> str:
    if before == 0:
        return str(says("stuck"))
    return str(says("stuck_again")).format(times=before + _ALLOWED + 1)


def _stuck_words(most: int) -> frozenset[str]:
    return frozenset(_plain(_wording(before)) for before in range(most))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
