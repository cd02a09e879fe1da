"""What a reply is compared with: what was said before it, and the calls that stand in the history."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from shopbot.agents.wording import says

_LOOKED_AT = 5
"""How many of the last replies a new one is compared with."""
_ALLOWED = 2
"""How often the same may be said among them."""
_QUOTED = 200
"""Characters of a message that a notice repeats."""


def is_repeated(text: str, messages: Sequence[AnyMessage]) -> bool:
    """Whether the customer has read the very same as often as it helps; that the agent is stuck changes no count."""
    stuck = _plain(str(says("stuck")))
    replies = [m.text for m in messages if isinstance(m, AIMessage) and not m.tool_calls and _plain(m.text) != stuck]
    replies = replies[-_LOOKED_AT:]
    same = sum(_plain(reply) == _plain(text) for reply in replies)
    return same >= _ALLOWED


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def unanswered_notice(messages: Sequence[AnyMessage]) -> list[str]:
    """What to tell about the customer's messages right before the newest one: an earlier turn died over them."""
    unanswered: list[str] = []
    for message in reversed(messages[:-1]):
        if not isinstance(message, HumanMessage):
            break
        unanswered.insert(0, message.text)
    return [str(says("unanswered")).format(words=words[:_QUOTED]) for words in unanswered]


def with_own_ids(message: AIMessage, messages: Sequence[AnyMessage]) -> AIMessage:
    """The message with ids that the conversation does not have yet, its own and one for each of its calls: one that is
    there already would take the place of what was said under it."""
    if message.id in {m.id for m in messages}:
        message = message.model_copy(update={"id": str(uuid.uuid4())})
    taken = {call["id"] for m in messages if isinstance(m, AIMessage) for call in m.tool_calls}
    calls = []
    for call in message.tool_calls:
        call_id = call["id"] if call["id"] and call["id"] not in taken else f"call_{uuid.uuid4().hex}"
        taken.add(call_id)
        calls.append({**call, "id": call_id})
    return message if calls == message.tool_calls else message.model_copy(update={"tool_calls": calls})
