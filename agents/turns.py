"""A turn is a transaction: one at a time in a conversation, its message kept before anything else is done.

`TurnGraph` is the compiled agent with that around every run.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, convert_to_messages
from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot

from shopbot.agents.journal import Journal
from shopbot.agents.turn_locks import CROSSED, HeldTurn, TurnLocks, is_held
from shopbot.errors import AgentError
from shopbot.tools.action import Action

_END: Any = object()


class MessageTooLong(AgentError):
    """A message with more characters than the agent reads; nothing of it was kept."""


class TurnGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """A compiled agent whose runs are turns: locked by conversation, the message kept first."""

    def __init__(
        self, *, actions: Mapping[str, Action], journal: Journal, locks: TurnLocks, longest_message: int, **parts: Any
    ) -> None:
        super().__init__(**parts)
        self.actions = actions
        self.journal = journal
        self.locks = locks
        self.longest_message = longest_message

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        """As LangGraph's, one run of a conversation at a time; `invoke` runs through here too."""
        given, conversation = self._checked(input), self._conversation(config)
        if conversation is None or is_held(conversation):
            yield from super().stream(given, config, **kwargs)
            return
        with self._arriving(given, conversation) as arrived, self._turn(conversation) as turn:
            received = self._received(given, turn, config)
            arrived.clear()
            pieces: Any = super().stream(received, config, **kwargs)
            with contextlib.closing(pieces):
                while True:
                    with turn.current():
                        piece = next(pieces, _END)
                    if piece is _END:
                        break
                    with turn.paused(lambda: self._end(pieces, turn)):
                        yield piece
                    if turn.is_abandoned:
                        return
            if _brings_messages(received) or self._are_kept(conversation, self.get_state(_newest(conversation))):
                self.journal.answered(conversation)

    async def astream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Any]:
        """As `stream`; `ainvoke` and `astream_events` run through here too."""
        given, conversation = self._checked(input), self._conversation(config)
        if conversation is None or is_held(conversation):
            async for piece in super().astream(given, config, **kwargs):
                yield piece
            return
        with self._arriving(given, conversation) as arrived:
            async with self._aturn(conversation) as turn:
                received = await asyncio.to_thread(self._received, given, turn, config)
                arrived.clear()
                pieces: Any = super().astream(received, config, **kwargs)
                async with contextlib.aclosing(pieces):
                    while True:
                        with turn.current():
                            piece = await anext(pieces, _END)
                        if piece is _END:
                            break
                        with turn.paused(lambda: self._aend(pieces, turn)):
                            yield piece
                        if turn.is_abandoned:
                            return
                if _brings_messages(received) or await self._aare_kept(conversation):
                    await asyncio.to_thread(self.journal.answered, conversation)

    @contextmanager
    def _arriving(self, given: Any, conversation: str) -> Iterator[list[AnyMessage]]:
        """The customer's messages until they are in the journal: cut short before that, they are left to the next
        turn, which reads them first."""
        messages = _of_the_customer(given)
        try:
            yield messages
        except BaseException:
            self.locks.leave_behind(conversation, messages)
            raise

    @staticmethod
    def _end(pieces: Any, turn: HeldTurn) -> None:
        pieces.close()
        turn.release()

    async def _aend(self, pieces: Any, turn: HeldTurn) -> None:
        await pieces.aclose()
        await self._arelease(turn)

    async def _arelease(self, turn: HeldTurn) -> None:
        if self.locks.waits:
            await asyncio.to_thread(turn.release)
        else:
            turn.release()

    @contextmanager
    def _turn(self, conversation: str) -> Iterator[HeldTurn]:
        end = self.locks.abandoned(conversation)
        if end is not None:
            end()
        place = self.locks.line_up(conversation)
        waited = not place.done()
        pause = threading.Event()
        try:
            place.result()
            self.locks.prepare()
            while not self.locks.try_lock(conversation):
                waited = True
                pause.wait(self.locks.glance_s)
        except BaseException:
            self.locks.leave(conversation, place)
            raise
        turn = self.locks.hold(conversation, waited=waited)
        try:
            yield turn
        finally:
            if not turn.is_abandoned:
                turn.release()

    @asynccontextmanager
    async def _aturn(self, conversation: str) -> AsyncIterator[HeldTurn]:
        end = self.locks.abandoned(conversation)
        if end is not None:
            await end()
        place = self.locks.line_up(conversation)
        waited = not place.done()
        try:
            await asyncio.wrap_future(place)
            if not self.locks.is_ready:
                await asyncio.to_thread(self.locks.prepare)
            while not await self._alock(conversation):
                waited = True
                await asyncio.sleep(self.locks.glance_s)
        except BaseException:
            self.locks.leave(conversation, place)
            raise
        turn = self.locks.hold(conversation, waited=waited)
        try:
            yield turn
        finally:
            if not turn.is_abandoned:
                await self._arelease(turn)

    async def _alock(self, conversation: str) -> bool:
        lock = self.locks.try_lock
        return await asyncio.to_thread(lock, conversation) if self.locks.waits else lock(conversation)

    def _conversation(self, config: RunnableConfig | None) -> str | None:
        merged = {**((self.config or {}).get("configurable") or {}), **((config or {}).get("configurable") or {})}
        thread = merged.get("thread_id")
        return str(thread) if thread is not None and self.checkpointer is not None else None

    def _checked(self, given: Any) -> Any:
        """The input with its messages as LangChain's, each with an id.

        Raises:
            MessageTooLong: a message of the customer's is longer than the agent reads.
        """
        if not _brings_messages(given):
            return given
        listed = given["messages"] if isinstance(given["messages"], list) else [given["messages"]]
        messages = [
            message if message.id else message.model_copy(update={"id": str(uuid.uuid4())})
            for message in convert_to_messages(listed)
        ]
        for message in messages:
            if isinstance(message, HumanMessage) and len(message.text) > self.longest_message:
                raise MessageTooLong(
                    f"The message has {len(message.text):,} characters; up to {self.longest_message:,} can be read. "
                    "Please shorten it."
                )
        return {**given, "messages": messages}

    def _received(self, given: Any, turn: HeldTurn, config: RunnableConfig | None) -> Any:
        """The input, kept in the journal, behind what an earlier turn received and died over.

        A decision or a resumption counts for nothing once the customer has written something else, which comes first.
        """
        behind, messages = self.locks.left_behind(turn.conversation), _of_the_customer(given)
        if not (_brings_messages(given) or given is None or isinstance(given, Command)):
            return given
        unanswered = [*self.journal.receive(turn.conversation, [*behind, *messages]), *behind]
        if _brings_messages(given):
            came: list[AnyMessage] = list(given["messages"])
            if unanswered or turn.waited:
                lost = [str(message.id) for message in unanswered]
                came = [_marked(message, lost) if isinstance(message, HumanMessage) else message for message in came]
            return {**given, "messages": [*unanswered, *came]}
        kept = {m.id for m in self.get_state(config or {}).values.get("messages", ())} if unanswered else set()
        missing = [message for message in unanswered if message.id not in kept]
        return {"messages": missing} if missing else given

    def _are_kept(self, conversation: str, state: StateSnapshot) -> bool:
        """Whether all that was received is in the state, also what a resume, which brings nothing, cannot know of."""
        kept = {message.id for message in state.values.get("messages", ())}
        return all(message.id in kept for message in self.journal.receive(conversation, []))

    async def _aare_kept(self, conversation: str) -> bool:
        state = await self.aget_state(_newest(conversation))
        return await asyncio.to_thread(self._are_kept, conversation, state)


def _brings_messages(given: Any) -> bool:
    """Whether it is a turn's input; a resume brings none."""
    return isinstance(given, dict) and bool(given.get("messages"))


def _of_the_customer(given: Any) -> list[AnyMessage]:
    listed = given.get("messages") if isinstance(given, dict) else None
    return [message for message in listed or () if isinstance(message, HumanMessage)]


def _newest(conversation: str) -> RunnableConfig:
    return {"configurable": {"thread_id": conversation}}


def _marked(message: HumanMessage, lost: list[str]) -> HumanMessage:
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, CROSSED: lost}})
