"""A conversation with ShopBot, whichever way the words come in: opens the shop, keeps the thread, answers turn by turn."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shop.settings import load_settings

if TYPE_CHECKING:
    from agents.turn import Turn
    from shop.shop import Shop

MAX_MESSAGE = 10_000
"""Characters of one message; a customer's letter fits, a pasted log file does not."""


class MessageRefused(Exception):
    """A message that cannot be answered; the text says why and what to do."""


@dataclass(frozen=True)
class Answer:
    """One answered message, with the engine and the milliseconds it took."""

    turn: Turn
    engine: str
    ms: float


@dataclass(frozen=True)
class Conversation:
    """An open conversation; `thread` is what resumes it."""

    thread: str
    shop: Shop
    engine: str
    agent: Any

    def say(self, message: str) -> Answer:
        """Send the customer's message and wait for the reply.

        Raises:
            MessageRefused: the message is empty or too long.
        """
        from agents.turn import read_turn

        words = readable(message)
        started = time.perf_counter()
        state = self.agent.invoke({"messages": [{"role": "user", "content": words}]}, self._config)
        return Answer(read_turn(state), self.engine, (time.perf_counter() - started) * 1000)

    def finish_interrupted_turn(self) -> Turn | None:
        """Finish the turn in which an earlier process died, if one did; otherwise None."""
        from agents.turn import read_turn

        if not self.agent.get_state(self._config).next:
            return None
        return read_turn(self.agent.invoke(None, self._config))

    @property
    def length(self) -> int:
        """How many messages the conversation has so far."""
        return len(self.agent.get_state(self._config).values.get("messages", ()))

    @property
    def _config(self) -> dict[str, Any]:
        return {"configurable": {"thread_id": self.thread}}


@contextmanager
def open_conversation(data: Path | None, engine: str | None, thread: str) -> Iterator[Conversation]:
    """Open the shop and a conversation in it: the one named `thread`, or a new one.

    Raises:
        ShopError, EngineError: one sentence about what cannot be opened.
    """
    settings = load_settings(data=data, engine=engine)
    from agents.memory import open_memory
    from agents.shopbot import create_shopbot
    from shop.shop import open_shop
    from tools.desk import Desk

    with ExitStack() as stack:
        shop = stack.enter_context(open_shop(settings))
        memory = stack.enter_context(open_memory(settings.data / "conversations.db"))
        agent = create_shopbot(settings.engine, desk=Desk(shop), checkpointer=memory)
        yield Conversation(thread or uuid.uuid4().hex[:12], shop, settings.engine, agent)


def readable(message: str) -> str:
    """`message` without control characters, which no person types and terminals obey.

    Raises:
        MessageRefused: nothing readable is left, or it is too long.
    """
    words = "".join(c for c in message if c in "\n\t" or (c.isprintable() and not "\ud800" <= c <= "\udfff")).strip()
    if not words:
        raise MessageRefused("The message is empty: type what you would like to do.")
    if len(words) > MAX_MESSAGE:
        raise MessageRefused(
            f"The message has {len(words):,} characters; up to {MAX_MESSAGE:,} can be read. Please shorten it."
        )
    return words
