"""`shopbot tidy`: what is older than the shop wants to keep goes, and checkpoints are cut back to what resuming needs.

A conversation is as old as its newest checkpoint. Orders, returns, labels and tickets are the shop's records and stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
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
    for conversation, newest in _conversations(keeping, every=keep_days is not None):
        if keep_days is not None and newest < now - timedelta(days=keep_days):
            gone.update(keeping.forget(conversation))
            gone["whole conversations"] += 1
        elif newest < now - IDLE:
            gone.update(_cut_back(keeping, conversation))
    return gone


def _conversations(keeping: Keeping, *, every: bool) -> Iterator[tuple[str, datetime]]:
    """The conversations that can be cut back, or every one, and when the agent last took part in each."""
    only = "" if every else " HAVING count(*) > 1"
    with keeping.checkpoints() as run:
        threads = [row[0] for row in run(f"SELECT thread_id FROM checkpoints GROUP BY thread_id{only}")]  # noqa: S608
    for thread in threads:
        newest = keeping.memory.get_tuple({"configurable": {"thread_id": thread}})
        if newest is not None:
            yield thread, datetime.fromisoformat(newest.checkpoint["ts"])


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
