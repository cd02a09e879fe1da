"""`shopbot tidy`: what is older than the shop wants to keep goes, and checkpoints are cut back to what resuming needs.

A conversation is as old as its newest checkpoint. Orders, returns, labels and tickets are the shop's records and stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from shopbot.agents.memory import Memory
from shopbot.apps.settings import command_settings

if TYPE_CHECKING:
    from langgraph.checkpoint.base import CheckpointTuple

    from shopbot.apps.care.keeping import Keeping

IDLE = timedelta(hours=1)
"""How long nothing may have been said in a conversation before its checkpoints are cut back."""
_BLOBS = (
    "DELETE FROM checkpoint_blobs AS blob WHERE thread_id = ? AND NOT EXISTS (SELECT 1 FROM checkpoints AS kept,"
    " jsonb_each_text(kept.checkpoint -> 'channel_versions') AS used WHERE kept.thread_id = blob.thread_id AND"
    " kept.checkpoint_ns = blob.checkpoint_ns AND used.key = blob.channel AND used.value = blob.version) RETURNING 1"
)


def run_tidy(*, data: Path | None, days: int | None) -> int:
    """Tidy the shop up; returns the exit code."""
    from shopbot.apps.care.keeping import open_keeping

    settings = command_settings(data=data, keep_days=days)
    with open_keeping(settings) as keeping:
        gone = tidy(keeping, settings.keep_days, datetime.now(UTC))
    for name, count in gone.items():
        print(f"{name:24} {count:>10,} deleted")
    return 0


def tidy(keeping: Keeping, keep_days: int | None, now: datetime) -> Counter[str]:
    """Forget conversations older than `keep_days`, if there is such a limit, and cut the others back; rows by table."""
    gone = Counter[str]()
    for conversation, newest in _conversations(keeping):
        if keep_days is not None and newest < now - timedelta(days=keep_days):
            gone.update(keeping.forget(conversation))
            gone["whole conversations"] += 1
        elif newest < now - IDLE:
            gone.update(_cut_back(keeping, conversation))
    return gone


def _conversations(keeping: Keeping) -> Iterator[tuple[str, datetime]]:
    """Every conversation that the agent has taken part in, and when it last did."""
    with keeping.checkpoints() as run:
        threads = [row[0] for row in run("SELECT DISTINCT thread_id FROM checkpoints ORDER BY thread_id")]
    for thread in threads:
        newest = keeping.memory.get_tuple({"configurable": {"thread_id": thread}})
        if newest is not None:
            yield thread, datetime.fromisoformat(newest.checkpoint["ts"])


def _cut_back(keeping: Keeping, conversation: str) -> dict[str, int]:
    """Delete the checkpoints that are older than the one from which the newest state can be put together."""
    config: Any = {"configurable": {"thread_id": conversation, "checkpoint_ns": ""}}
    oldest = _oldest_needed(keeping.memory.list(config))
    if oldest is None:
        return {}
    where = "thread_id = ? AND checkpoint_ns = '' AND checkpoint_id < ? RETURNING 1"
    writes = "writes" if isinstance(keeping.memory, Memory) else "checkpoint_writes"
    with keeping.checkpoints() as run:
        gone = {
            "checkpoints": len(run(f"DELETE FROM checkpoints WHERE {where}", conversation, oldest)),  # noqa: S608
            writes: len(run(f"DELETE FROM {writes} WHERE {where}", conversation, oldest)),  # noqa: S608
        }
        if "checkpoint_blobs" in keeping.checkpoint_tables:
            gone["checkpoint_blobs"] = len(run(_BLOBS, conversation))
    return gone


def _oldest_needed(newest_first: Iterable[CheckpointTuple]) -> str | None:
    """The checkpoint at which every list that is stored as what each step added stands whole; None if none is."""
    missing = set(_stored_as_steps())
    parent: str | None = None
    for each in newest_first:
        own = each.config["configurable"]["checkpoint_id"]
        if parent is not None and own != parent:
            continue  # of another branch
        missing -= each.checkpoint["channel_values"].keys()
        missing -= missing - each.checkpoint["channel_versions"].keys()  # never written so far
        if not missing:
            return str(own)
        if each.parent_config is None:
            return None
        parent = each.parent_config["configurable"]["checkpoint_id"]
    return None


def _stored_as_steps() -> list[str]:
    from langgraph.channels.delta import DeltaChannel

    from shopbot.agents.state import TrustedState

    def steps(hint: Any) -> bool:
        marks = [*getattr(hint, "__metadata__", ()), *getattr(hint, "__args__", ())]
        return any(isinstance(mark, DeltaChannel) or (mark is not hint and steps(mark)) for mark in marks)

    return [name for name, hint in get_type_hints(TrustedState, include_extras=True).items() if steps(hint)]
