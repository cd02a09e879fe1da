"""`shopbot tidy`: what is older than the shop wants to keep goes, and checkpoints are cut back to what resuming needs.

A conversation is as old as the last that was said in it, by anybody, or that the agent did. One that waits for a
person, or that a person has taken over, is not over. Orders, returns, labels and tickets are the shop's and stay.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.graph import START, StateGraph

from shopbot.agents.memory import Memory
from shopbot.agents.state import TrustedState
from shopbot.apps.settings import command_settings

if TYPE_CHECKING:
    from shopbot.apps.serve.keeping import Keeping

IDLE = timedelta(hours=1)
"""How long nothing may have been said in a conversation before its checkpoints are cut back."""
_SAID = (
    "SELECT coalesce((SELECT at FROM entries WHERE conversation = conversations.id ORDER BY seq DESC LIMIT 1),"
    " created_at), held_by IS NOT NULL OR needs_person = 1 FROM conversations WHERE id = ?"
)
_BLOBS = (
    "DELETE FROM checkpoint_blobs AS blob WHERE thread_id = ? AND NOT EXISTS (SELECT 1 FROM checkpoints AS kept,"
    " jsonb_each_text(kept.checkpoint -> 'channel_versions') AS used WHERE kept.thread_id = blob.thread_id AND"
    " kept.checkpoint_ns = blob.checkpoint_ns AND used.key = blob.channel AND used.value = blob.version) RETURNING 1"
)


def run_tidy(*, data: Path | None, days: int | None) -> int:
    """Tidy the shop up; returns the exit code."""
    from shopbot.apps.serve.keeping import open_keeping

    settings = command_settings(data=data, keep_days=days)
    with open_keeping(settings) as keeping:
        gone = tidy(keeping, settings.keep_days, datetime.now(UTC))
    for name, count in gone.items():
        print(f"{name:24} {count:>10,} deleted")
    return 0


def tidy(keeping: Keeping, keep_days: int | None, now: datetime) -> Counter[str]:
    """Forget conversations older than `keep_days`, if there is such a limit, and cut the others back; rows by table."""
    gone = Counter[str]()
    oldest = None if keep_days is None else now - timedelta(days=keep_days)
    for conversation in _conversations(keeping, every=oldest is not None):
        # Asked for one at a time: it may have gone on since this began.
        newest, is_over = _rest(keeping, conversation)
        if oldest is not None and is_over and newest < oldest:
            gone.update(keeping.forget(conversation))
            gone["whole conversations"] += 1
        elif newest < now - IDLE:
            gone.update(_cut_back(keeping, conversation))
    return gone


def _conversations(keeping: Keeping, *, every: bool) -> list[str]:
    """The conversations that can be cut back, or every one that left anything."""
    only = "" if every else " HAVING count(*) > 1"
    with keeping.checkpoints() as run:
        found = {str(row[0]) for row in run(f"SELECT thread_id FROM checkpoints GROUP BY thread_id{only}")}  # noqa: S608
    if every:
        with keeping.said.transaction() as run:
            found.update(str(row[0]) for row in run("SELECT id FROM conversations"))
    return sorted(found)


def _rest(keeping: Keeping, conversation: str) -> tuple[datetime, bool]:
    """Since when nothing was said or done in it, and whether no person has it or is waited for."""
    with keeping.said.transaction() as run:
        said = run(_SAID, conversation)
    checkpoint = keeping.memory.get_tuple({"configurable": {"thread_id": conversation}})
    times = [str(row[0]) for row in said] + ([] if checkpoint is None else [checkpoint.checkpoint["ts"]])
    newest = max(map(datetime.fromisoformat, times), default=datetime.max.replace(tzinfo=UTC))
    return newest, not any(with_person for _, with_person in said)


def _cut_back(keeping: Keeping, conversation: str) -> dict[str, int]:
    """Let the newest checkpoint hold everything by itself, and delete those before it; unless a turn is under way."""
    with keeping.memory.locks.alone(conversation) as is_alone:
        newest = _made_whole(keeping.memory, conversation) if is_alone else None
        if newest is None:
            return {}
        where = "thread_id = ? AND checkpoint_ns = '' AND checkpoint_id < ? RETURNING 1"
        writes = "writes" if isinstance(keeping.memory, Memory) else "checkpoint_writes"
        with keeping.checkpoints() as run:
            gone = {
                "checkpoints": len(run(f"DELETE FROM checkpoints WHERE {where}", conversation, newest)),  # noqa: S608
                writes: len(run(f"DELETE FROM {writes} WHERE {where}", conversation, newest)),  # noqa: S608
            }
            run("UPDATE checkpoints SET parent_checkpoint_id = NULL WHERE thread_id = ?", conversation)
            if "checkpoint_blobs" in keeping.checkpoint_tables:
                gone["checkpoint_blobs"] = len(run(_BLOBS, conversation))
    return gone


def _made_whole(memory: Any, conversation: str) -> str | None:
    """The newest checkpoint, now with every list that is stored as what each step added; None if it is not at rest."""
    config: Any = {"configurable": {"thread_id": conversation, "checkpoint_ns": ""}}
    newest = memory.get_tuple(config)
    if newest is None or newest.pending_writes:
        return None
    values = _reader(memory).get_state(config).values
    versions = newest.checkpoint["channel_versions"]
    whole = {name: _DeltaSnapshot(values[name]) for name in _stored_as_steps() if name in values and name in versions}
    checkpoint = {**newest.checkpoint, "channel_values": {**newest.checkpoint["channel_values"], **whole}}
    metadata = {key: value for key, value in newest.metadata.items() if key != "counters_since_delta_snapshot"}
    memory.put(config, checkpoint, metadata, {name: versions[name] for name in whole})
    return str(checkpoint["id"])


def _reader(memory: Any) -> Any:
    """A graph that does nothing but read the state of ShopBot's agents."""
    graph = StateGraph(TrustedState)
    graph.add_node("rest", lambda state: {})
    graph.add_edge(START, "rest")
    return graph.compile(checkpointer=memory)


def _stored_as_steps() -> list[str]:
    def steps(hint: Any) -> bool:
        marks = [*getattr(hint, "__metadata__", ()), *getattr(hint, "__args__", ())]
        return any(isinstance(mark, DeltaChannel) or (mark is not hint and steps(mark)) for mark in marks)

    return [name for name, hint in get_type_hints(TrustedState, include_extras=True).items() if steps(hint)]
