"""A conversation with ShopBot, whichever way the words come in: opens the shop, keeps the thread, answers."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopbot.apps.logbook import keep_log
from shopbot.apps.readable import readable
from shopbot.apps.settings import command_settings
from shopbot.errors import AgentError
from shopbot.shop.errors import ShopError

if TYPE_CHECKING:
    from shopbot.agents.turn import Turn
    from shopbot.shop.settings import Settings
    from shopbot.shop.shop import Shop
    from shopbot.tools.shop.services import ShopServices

MAX_MESSAGE = 10_000
"""Characters of one message; a customer's letter fits, a pasted log file does not."""
logger = logging.getLogger(__name__)


class MessageRefused(ShopError):
    """A message that cannot be answered; the text says why and what to do."""


class NotAnswered(ShopError):
    """The message could not be answered; the conversation goes on."""


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
    desk: ShopServices
    engine: str
    agent: Any

    @property
    def shop(self) -> Shop:
        """The open shop."""
        return self.desk.shop

    def say(self, message: str) -> Answer:
        """Send the customer's message and wait for the reply.

        Raises:
            MessageRefused: the message is empty or too long.
            AgentError: it could not be answered; the conversation is kept and goes on.
        """
        from shopbot.agents.turn import read_turn

        words = checked(message)
        started = time.perf_counter()
        state = self._run({"messages": [{"role": "user", "content": words}]})
        return Answer(read_turn(state), self.engine, (time.perf_counter() - started) * 1000)

    def finish_interrupted_turn(self) -> Turn | None:
        """Finish the turn in which an earlier process died, if one did; otherwise None.

        Raises:
            AgentError: the conversation cannot be read or continued.
        """
        from shopbot.agents.turn import read_turn

        return read_turn(self._run(None)) if self._is_cut_short else None

    @property
    def _is_cut_short(self) -> bool:
        """Whether the newest turn has no reply yet: LangGraph names no next step when a node was done and its
        checkpoint was not written any more."""
        state = self._state()
        last = next(reversed(state.values.get("messages") or ()), None)
        return bool(state.next) or (last is not None and (last.type != "ai" or bool(last.tool_calls)))

    @property
    def length(self) -> int:
        """How many messages the conversation has so far."""
        return len(self._state().values.get("messages", ()))

    def _state(self) -> Any:
        with _in_words():
            return self.agent.get_state(self._config)

    def _run(self, given: dict[str, Any] | None) -> dict[str, Any]:
        with _in_words():
            state: dict[str, Any] = self.agent.invoke(given, self._config)
            return state

    @property
    def _config(self) -> dict[str, Any]:
        return {"configurable": {"thread_id": self.thread}}


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn a surprise into one sentence for the customer; its details are for the log."""
    try:
        yield
    except AgentError:
        raise
    except Exception as error:
        logger.exception("a message could not be answered")
        raise NotAnswered(
            "Something went wrong on our side; the conversation is kept, so please send it again."
        ) from error


@contextmanager
def open_conversation(data: Path | None, engine: str | None, thread: str) -> Iterator[Conversation]:
    """Open the shop that the environment names and a conversation in it: the one named `thread`, or a new one.

    Raises:
        AgentError: one sentence about what cannot be opened.
    """
    with open_conversation_with(command_settings(data=data, engine=engine), thread) as conversation:
        yield conversation


@contextmanager
def open_conversation_with(settings: Settings, thread: str) -> Iterator[Conversation]:
    """As `open_conversation`, for settings that are at hand."""
    with ExitStack() as stack:
        stack.enter_context(keep_log(settings))
        from shopbot.agents.memory import open_memory
        from shopbot.agents.shopbot import create_shopbot
        from shopbot.shop.engine import configured_engine
        from shopbot.shop.shop import open_shop
        from shopbot.tools.shop.services import ShopServices

        chosen = configured_engine(settings)
        memory = stack.enter_context(open_memory(settings.conversations, settings.seal))
        desk = ShopServices(stack.enter_context(open_shop(settings)))
        stack.callback(desk.close)
        agent = create_shopbot(chosen, desk=desk, checkpointer=memory)
        yield Conversation(thread or uuid.uuid4().hex[:12], desk, settings.engine, agent)


def checked(message: str) -> str:
    """The message as it can be read.

    Raises:
        MessageRefused: nothing readable is in it, or it is too long.
    """
    words = readable(message)
    if not words:
        raise MessageRefused("The message is empty: type what you would like to do.")
    if len(words) > MAX_MESSAGE:
        raise MessageRefused(
            f"The message has {len(words):,} characters; up to {MAX_MESSAGE:,} can be read. Please shorten it."
        )
    return words
