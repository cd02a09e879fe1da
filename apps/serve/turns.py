"""Turns: a customer's message is kept, answered by the agent in the background, and what happens is told as it happens.

A turn belongs to the server, not to the connection that brought the message: whoever reloads reads on. What a server
that was killed left unanswered is answered at the next start; the agent's own journal sees to it that nothing is done
twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.types import Command

from shopbot.agents.proposing import PROPOSAL
from shopbot.agents.state import ANSWER
from shopbot.agents.turn import read_turn
from shopbot.agents.turn_locks import CROSSED
from shopbot.apps.serve.hub import Event, Hub
from shopbot.apps.serve.metrics import Metrics
from shopbot.apps.serve.records import Records, TurnRecord
from shopbot.apps.serve.replies import (
    FOLLOWED,
    details_of,
    doing,
    events_of,
    hands_over,
    is_half_done,
    reply_in,
    trace_of,
    turn_of,
)
from shopbot.apps.serve.served import Served
from shopbot.apps.serve.store import Entry, Store
from shopbot.apps.serve.views import entry_view
from shopbot.errors import AgentError
from shopbot.prompts import load_data

GLANCE_S = 0.05
"""Seconds between two looks whether another worker has answered the message before."""
logger = logging.getLogger(__name__)


class NoReply(AgentError):
    """A turn ended, and nothing was said."""


class Turns:
    """The turns of all conversations of one agent."""

    def __init__(
        self, opening: asyncio.Future[Served], store: Store, records: Records, hub: Hub, metrics: Metrics
    ) -> None:
        self._opening = opening
        self._store = store
        self._records = records
        self._hub = hub
        self._metrics = metrics
        self._running: set[asyncio.Task[None]] = set()
        self._claimed: set[int] = set()
        self._is_open = False
        self._busy: Counter[str] = Counter()
        self._progress: dict[str, dict[str, Any]] = {}

    async def receive(self, conversation: str, id: str, text: str, details: Mapping[str, Any]) -> Entry:
        """Keep a customer's message and see to its answer; a message that came before is not answered again.

        One that comes before the agent is open waits for `take_up`, behind what an earlier process left in the
        conversation.
        """
        entry, is_new = await asyncio.to_thread(self._store.receive, conversation, id, text, details)
        if is_new:
            self._hub.publish(conversation, Event("message", entry_view(entry), entry.seq))
            if self._is_open and not entry.answered and self._claim(entry):
                self._start(self._answer(entry), conversation)
        return entry

    async def take_up(self) -> None:
        """Answer what an earlier process left unanswered; in each conversation one after the other."""
        await self._opening
        self._is_open = True
        left = await asyncio.to_thread(self._store.unanswered)
        for conversation in dict.fromkeys(entry.conversation for entry in left):
            entries = [entry for entry in left if entry.conversation == conversation and self._claim(entry)]
            self._start(self._answer_all(entries), conversation)

    def decide(self, conversation: str, decision: Mapping[str, Any]) -> None:
        """Go on with a turn that waits for a person's decision (see `shopbot.agents.act`)."""
        self._start(self._go_on(conversation, decision), conversation)

    def state(self, conversation: str) -> dict[str, Any]:
        """Whether the agent is at work, and how far it is."""
        return {"busy": bool(self._busy[conversation]), **self._progress.get(conversation, {})}

    async def close(self, grace_s: float) -> None:
        """Let the running turns end; what has not ended by then is left to the next start."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _start(self, work: Any, conversation: str) -> None:
        self._busy[conversation] += 1
        self._hub.publish(conversation, Event("state", self.state(conversation)))
        task = asyncio.get_running_loop().create_task(self._counted(work, conversation))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _counted(self, work: Any, conversation: str) -> None:
        try:
            await work
        finally:
            self._busy[conversation] -= 1
            if not self._busy[conversation]:
                del self._busy[conversation]
                self._progress.pop(conversation, None)
            self._hub.publish(conversation, Event("state", self.state(conversation)))

    def _claim(self, entry: Entry) -> bool:
        """Whether nobody is answering the message yet; from now on somebody is."""
        free = entry.seq not in self._claimed
        self._claimed.add(entry.seq)
        return free

    async def _answer_all(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            await self._answer(entry, again=True)

    async def _answer(self, entry: Entry, *, again: bool = False) -> None:
        """One turn, from the message to the reply in the store."""
        may_be_early = self._store.is_shared and (again or "crossed" in entry.details)
        while may_be_early and await asyncio.to_thread(self._store.is_behind, entry):
            await asyncio.sleep(GLANCE_S)
        running = self._values_again(entry) if again else self._values(entry.conversation, _given(entry))
        await self._end(entry, running)

    async def _go_on(self, conversation: str, decision: Mapping[str, Any]) -> None:
        """The rest of the turn that waited for the decision."""
        entries = await asyncio.to_thread(self._store.entries, conversation, 0, 10_000)
        entry = next((each for each in reversed(entries) if each.speaker == "customer"), None)
        if entry is not None:
            await self._end(entry, self._values(conversation, Command(resume=dict(decision))))

    async def _end(self, entry: Entry, running: Awaitable[dict[str, Any]]) -> None:
        """Say what the turn comes to, an apology if it fails, and record it."""
        started = time.perf_counter()
        values: dict[str, Any] = {}
        try:
            values = await running
            outcome = await self._reply(entry, values)
        except self._store.outages as error:
            logger.warning("a message is answered later (%s)", error)
            return
        except Exception:
            logger.exception("a message could not be answered")
            outcome = "failed"
            await self._say(entry, f"failed-{entry.id}", "notice", load_data("serve/chat.yaml")["failed"], {})
        finally:
            self._claimed.discard(entry.seq)
        seconds = time.perf_counter() - started
        self._metrics.turn(outcome, seconds)
        await asyncio.to_thread(self._records.record, await self._record(entry, values, outcome, seconds * 1000))

    async def _values_again(self, entry: Entry) -> dict[str, Any]:
        """The state after a turn that an earlier process may have begun, done half of, or done.

        Whether it was done says the journal: LangGraph names no next step when a node was done and its checkpoint was
        not written any more.
        """
        agent, config = (await self._opening).agent, _config(entry.conversation)
        before = (await agent.aget_state(config)).values
        if await is_half_done(agent, entry.conversation, entry.id, before):
            before = await self._values(entry.conversation, None)
        done = turn_of(before, entry.id)
        return await self._values(entry.conversation, _given(entry)) if done is None else done

    async def _values(self, conversation: str, given: Any) -> dict[str, Any]:
        """Run the agent and tell what it does; the state at the end, with `__interrupt__` if it waits for a person."""
        served = await self._opening
        values: dict[str, Any] = {}
        stream = served.agent.astream(given, _config(conversation), stream_mode=["updates", "values"])
        async for mode, piece in stream:
            if mode == "values":
                values = {**piece, **{k: v for k, v in values.items() if k == "__interrupt__"}}
            elif "__interrupt__" in piece:
                values["__interrupt__"] = piece["__interrupt__"]
            else:
                self._tell_progress(conversation, piece)
        return values or dict((await served.agent.aget_state(_config(conversation))).values)

    def _tell_progress(self, conversation: str, updates: Mapping[str, Any]) -> None:
        """Tell which action begins or has ended, and how far the plan is."""
        progress = self._progress.setdefault(conversation, {})
        for update in updates.values():
            if not isinstance(update, Mapping):
                continue
            messages = update.get("messages")
            for message in messages if isinstance(messages, list) else ():
                for call in getattr(message, "tool_calls", ()):
                    progress["doing"] = doing(call["name"])
                    self._hub.publish(conversation, Event("action", {"name": call["name"], "doing": progress["doing"]}))
            if update.get("plan"):
                progress["plan"] = [dict(step) for step in update["plan"]]
                self._hub.publish(conversation, Event("plan", dict(progress)))

    async def _reply(self, entry: Entry, values: Mapping[str, Any]) -> str:
        """Say what the turn came to; how it ended."""
        interrupts = values.get("__interrupt__")
        if interrupts:
            details = {"approval": interrupts[0].value}
            await asyncio.to_thread(self._store.call_person, entry.conversation)
            await self._say(entry, f"approval-{entry.id}", "notice", load_data("serve/chat.yaml")["approval"], details)
            return "approval"
        reply = reply_in(values)
        if reply is None and values.get(FOLLOWED):  # the next message's turn has read this one as well
            await asyncio.to_thread(self._store.answered, entry.conversation, entry.id)
            self._hub.publish(entry.conversation, Event("done", {"message": entry.id, "reply": None}))
            return "merged"
        if reply is None:
            raise NoReply(f"the turn of message {entry.id} ended without a reply")
        handed_over = hands_over(values)
        if handed_over:
            await asyncio.to_thread(self._store.call_person, entry.conversation)
        await self._say(entry, str(reply.id), "bot", reply.text, details_of(values))
        return "handed over" if handed_over else "answered"

    async def _say(self, entry: Entry, id: str, speaker: str, text: str, details: Mapping[str, Any]) -> None:
        said = await asyncio.to_thread(
            self._store.say, entry.conversation, id, speaker, text, details, answers=entry.id
        )
        for event in (*events_of(said), Event("done", {"message": entry.id, "reply": id})):
            self._hub.publish(entry.conversation, event)

    async def _record(self, entry: Entry, values: Mapping[str, Any], outcome: str, ms: float) -> TurnRecord:
        trace = trace_of(read_turn(values)) if values.get("messages") else {}
        spent = (values.get("spent") or {}).get("turn") or {}
        engines = "+".join(values.get("engines") or ()) or (await self._opening).engine
        return TurnRecord(entry.conversation, entry.id, ms, engines, outcome, float(spent.get("cost", 0.0)), trace)


def _given(entry: Entry) -> dict[str, Any]:
    """The message as the agent's input, under the id that its sender gave it."""
    marks: dict[str, Any] = {}
    if entry.details.get("answer"):
        marks[ANSWER] = entry.details["answer"]
    if entry.details.get("crossed"):
        marks[CROSSED] = []
    if entry.details.get("proposal"):
        marks[PROPOSAL] = entry.details["proposal"]
    return {"messages": [HumanMessage(entry.text, id=entry.id, additional_kwargs=marks)]}


def _config(conversation: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": conversation}}
