"""What is done stays done, whatever the action reports of it and however it was called."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attacked_agent import Till, call, start
from langchain_core.messages import AIMessage

from shopbot.agents.memory import open_memory
from shopbot.tools.action import Call, Observation, action

circle: list[Any] = []
circle.append(circle)
VALUES = [
    None, 7, {"a": 1}, [1], object(), b"\xff", 2**80, {1, 2}, Decimal("1.5"), datetime.now(UTC), Path("/x"),
    {(1, 2): 3}, ValueError("x"), circle, "half a character \ud800", "nul \0", float("nan"), "long " * 100_000,
]  # fmt: skip


def deed(reported: Any, *, is_async: bool = False) -> Any:
    """A write that reports such a thing."""

    async def later(call: Call[Till]) -> Any:
        """Do it."""
        call.services.paid.append(1)
        return reported

    def do(call: Call[Till]) -> Any:
        """Do it."""
        call.services.paid.append(1)
        return reported

    later.__name__ = "do"
    return action(effect="write")(later if is_async else do)


def assert_done_and_kept(reported: Any, file: Path, *, is_async: bool = False) -> None:
    with open_memory(file) as memory:
        talk = start(call("do"), {"say": "Done."}, call("do"), {"say": "And?"},
                     actions=[deed(reported, is_async=is_async)], checkpointer=memory)  # fmt: skip
        state = talk.say("do it")
        assert [m.status for m in state["messages"] if m.type == "tool"] == ["success"]
        assert state["messages"][-1].text == "Done."
        assert talk.reply("and now?") == "And?"
        assert talk.till.paid == [1]


@pytest.mark.parametrize("reported", VALUES, ids=lambda value: type(value).__name__)
def test_a_report_of_any_kind(reported: Any, tmp_path: Path) -> None:
    assert_done_and_kept(reported, tmp_path / "c.db")


@pytest.mark.parametrize("where", ["data", "facts"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_data_and_facts_of_any_kind(value: Any, where: Any, tmp_path: Path) -> None:
    assert_done_and_kept(Observation("done", **{where: {"it": value}}), tmp_path / "c.db")


def test_an_async_action(tmp_path: Path) -> None:
    assert_done_and_kept("done", tmp_path / "c.db", is_async=True)


def test_calls_without_an_id_or_with_one_that_is_taken() -> None:
    def proposed(*ids: str | None) -> AIMessage:
        return AIMessage("", tool_calls=[{"name": "note", "args": {"amount": n}, "id": i} for n, i in enumerate(ids)])

    talk = start(
        proposed(None), {"say": "One."}, proposed("x", "x"), {"say": "Two."}, proposed("x", None), {"say": "3."}
    )
    for words in ("a", "b", "c"):
        state = talk.say(words)
    ids = [one["id"] for m in state["messages"] if isinstance(m, AIMessage) for one in m.tool_calls]
    answered = [m.tool_call_id for m in state["messages"] if m.type == "tool"]
    assert len(set(ids)) == len(ids)
    assert ids == answered
    assert None not in ids
