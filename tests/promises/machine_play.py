"""How the state machine plays: messages are said in one manner or another, and all that comes of them is looked at."""

from __future__ import annotations

import asyncio
import itertools
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from langchain_core.messages import AIMessage, HumanMessage

from shopbot.agents.state import ANSWER
from tests.promises.machine_conversation import Conversation, Said, Shown
from tests.promises.machine_oracle import Oracle
from tests.promises.machine_process import Killed, Process
from tests.promises.machine_shop import World

HONEST, CONVERSATIONS = 3, 5
"""Of the conversations, how many have the planner; the other engine lies."""
Manner = tuple[str, int]
"""How a message is said, and, where the turn is cut short, at which of its writes."""


class Play(RuleBasedStateMachine):
    """Five conversations about the four orders of two customers, in a shop that changes."""

    world: ClassVar[World]
    steps: ClassVar[Counter[str]] = Counter()
    effects: ClassVar[Counter[str]] = Counter()

    @initialize(wait=st.sampled_from((20.0, 20.0, 0.0)), dice=st.integers(0, 2**32))
    def open(self, wait: float, dice: int) -> None:
        """A new run, with conversations of its own."""
        world = self.world
        object.__setattr__(world.shop.settings, "fulfilment_wait_s", wait)
        self.orders = world.begin()
        world.liar.dice = random.Random(dice)
        world.liar.believes = [
            *(order.number for order in self.orders),
            *(world.address(order.customer) for order in self.orders[::2]),
            "the jeans",
            "everything",
        ]
        self.oracle = Oracle(world, self.orders)
        self.file = world.shop.settings.data / f"conversations-{world.runs}.db"
        self.ids = itertools.count()
        self.conversations = [
            Conversation(f"run{world.runs}-{place}", honest=place < HONEST) for place in range(CONVERSATIONS)
        ]
        self._start()

    def teardown(self) -> None:
        """All that was begun is finished, and each of it once."""
        if hasattr(self, "process"):
            self.process.close()
            self.oracle.at_the_end()
            for left in self.file.parent.glob(f"{self.file.name}*"):
                left.unlink()

    def _start(self) -> None:
        self.process = Process(self.world.agents, self.file)

    def _address(self, order: int) -> str:
        return self.world.address(self.orders[order].customer)

    def _order(self, order: int) -> str:
        return f"order {self.orders[order].number}"

    def _asked(self, c: int) -> int | None:
        """The conversation from `c` on in which a question stands."""
        ring = [(c + step) % CONVERSATIONS for step in range(CONVERSATIONS)]
        return next((place for place in ring if self.conversations[place].asked), None)

    def _asking(self, c: int) -> int:
        asked = self._asked(c)
        return c if asked is None else asked

    def _left_alone(self, c: int) -> int:
        """The conversation from `c` on whose customer has got no answer, or any that was begun."""
        ring = [(c + step) % CONVERSATIONS for step in range(CONVERSATIONS)]
        waiting = [place for place in ring if self.conversations[place].entries]
        return next((p for p in waiting if isinstance(self.conversations[p].entries[-1], Said)), waiting[0])

    def _agent(self, conversation: Conversation) -> Any:
        return self.process.honest if conversation.honest else self.process.lying

    def _said(self, words: str, *, agrees: bool = False, button: str | None = None) -> Said:
        return Said(f"said-{next(self.ids)}", words, agrees, button)

    def _say(self, c: int, words: str, manner: Manner, *, agrees: bool = False) -> None:
        conversation = self.conversations[c]
        times = 2 if manner[0].startswith("twice") else 1
        self._talk([(conversation, self._said(words, agrees=agrees)) for _ in range(times)], manner)

    def _talk(self, messages: Sequence[tuple[Conversation, Said]], manner: Manner) -> None:
        """Have the messages said, each to its conversation, and look at all that came of it."""
        kind, moment = manner
        self.steps[f"a message, {kind}"] += 1
        self.world.clock.time += timedelta(seconds=20)
        for conversation, said in messages:
            conversation.entries.append(said)
            self.oracle.entitle(conversation)
        self.world.agents.sent.clear()
        turns = [self._turn(conversation, said) for conversation, said in messages]
        if kind in ("twice", "at once"):
            with ThreadPoolExecutor(2) as pool:
                states = list(pool.map(lambda turn: turn(), turns))
        elif kind in ("plain", "streamed"):
            states = [turns[0]()] if kind == "plain" else [self._streamed(*messages[0])]
        elif kind in ("killed", "failing"):
            states = self._cut_short(turns[0], kind, moment)
        else:
            states = asyncio.run(self._async(messages, moment if kind == "cancelled" else None))
        self.process.fuse.put_out()
        answering: dict[str, list[Said]] = {}
        for conversation, said in messages:
            if said.id in self.process.received:
                conversation.must_keep.add(said.id)
                answering.setdefault(conversation.thread, []).append(said)
            else:  # its sender got an error; it may have been kept all the same, and is quoted to its sender then
                conversation.entries.remove(said)
                conversation.unanswered += said.text.lower()
        if self.process.fuse.dead:
            self.process.close()
            self._start()
        replies = [(one, state or self._sent(one)) for (one, _), state in zip(messages, states, strict=True)]
        self._settle([(conversation, state) for conversation, state in replies if state], answering)

    def _sent(self, conversation: Conversation) -> Any:
        """What a turn left that was cut short when its reply was already on its way."""
        if conversation.thread not in self.world.agents.sent:
            return None
        return self._agent(conversation).get_state(config_of(conversation)).values

    def _settle(
        self, ended: Sequence[tuple[Conversation, Any]], answering: dict[str, list[Said]], *, resumed: bool = False
    ) -> None:
        """Let the customers read what came, the oldest first, and have everything looked at."""
        read: dict[str, int] = {}
        newest: dict[str, tuple[Conversation, Any]] = {}
        for conversation, state in sorted(ended, key=lambda each: len(each[1]["messages"])):
            read.setdefault(conversation.thread, len(conversation.entries))
            newest[conversation.thread] = (conversation, state)
            self._show(conversation, state)
        self.effects["returns"] += self.oracle.after_step(self.conversations, answering)
        for conversation, state in newest.values():
            new = conversation.entries[read[conversation.thread] :]
            self.oracle.after_turn(conversation, state, new, resumed=resumed)

    def _show(self, conversation: Conversation, state: Any) -> None:
        newest = state["messages"][-1]
        if not isinstance(newest, AIMessage) or any(shown.id == newest.id for shown in conversation.shown):
            return
        question = (state.get("question") or {}).get("id")
        conversation.entries.append(Shown(str(newest.id), newest.text, question, self.world.clock()))
        self.effects["questions"] += bool(question)

    def _turn(self, conversation: Conversation, said: Said) -> Callable[[], Any]:
        return lambda: self._agent(conversation).invoke(_given(said), config_of(conversation))

    def _streamed(self, conversation: Conversation, said: Said) -> Any:
        agent, config = self._agent(conversation), config_of(conversation)
        for _ in agent.stream(_given(said), config, stream_mode="messages"):
            pass
        return agent.get_state(config).values

    def _cut_short(self, turn: Callable[[], Any], kind: str, moment: int) -> list[Any]:
        """Run a turn in a process that dies, or whose disk fails, at a moment of it."""
        fuse = self.process.fuse
        fuse.light(moment, fuse.kill if kind == "killed" else _fail)
        try:
            state = turn()
        except (Killed, sqlite3.OperationalError):
            return [None]
        return [None if fuse.dead else state]

    async def _async(self, messages: Sequence[tuple[Conversation, Said]], cancelled_at: int | None) -> list[Any]:
        """Run the turns on an event loop, side by side; the first is cancelled at that moment, if one is given."""
        tasks = [
            asyncio.ensure_future(self._agent(conversation).ainvoke(_given(said), config_of(conversation)))
            for conversation, said in messages
        ]
        loop = asyncio.get_running_loop()
        if cancelled_at is not None:
            self.process.fuse.light(cancelled_at, lambda: loop.call_soon_threadsafe(tasks[0].cancel))
        states = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.world.pool.settle)
        for state in states:
            if isinstance(state, BaseException) and not isinstance(state, asyncio.CancelledError):
                raise state
        return [None if isinstance(state, BaseException) else state for state in states]


def _fail() -> None:
    raise sqlite3.OperationalError("disk I/O error")


def _given(said: Said) -> dict[str, Any]:
    typed = {} if said.button is None else {ANSWER: {"question": said.button, "value": said.text}}
    return {"messages": [HumanMessage(said.text, id=said.id, additional_kwargs=typed)]}


def config_of(conversation: Conversation) -> Any:
    return {"configurable": {"thread_id": conversation.thread}}
