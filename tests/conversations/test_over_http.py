"""The same conversations with a hosted model: what the embedded engine proposes comes over the chat-completions wire
instead, as a stream or not, and the same must be left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from chat_server import Call, ChatMessage, ChatServer
from judge import play_and_judge
from recorded_proposals import Proposals
from scripted import Script, read_scripts

pytestmark = pytest.mark.long
OF_EACH_SUBJECT = 3


def some_of_each_subject(scripts: Sequence[Script]) -> list[Script]:
    """The first scripts of each file, of those in which nothing but the transport is new."""
    plain = [script for script in scripts if not script.setup.faults]
    subjects = groupby(plain, key=lambda script: script.subject)
    return [script for _, group in subjects for script in list(group)[:OF_EACH_SUBJECT]]


SCRIPTS = some_of_each_subject(read_scripts())
TRANSPORTS = [(script, ("off", "on")[place % 2]) for place, script in enumerate(SCRIPTS)]
"""Every subject over both: each script by turns."""


class Replay:
    """A model that says what was recorded; told that a reply does not hold, it says again what has a citation."""

    def __init__(self, recorded: Proposals) -> None:
        self.left = [ChatMessage(m.text, [Call(call["name"], call["args"]) for call in m.tool_calls]) for m in recorded]
        self._last = ChatMessage("")

    def __call__(self, request: dict[str, Any]) -> ChatMessage:
        told = request["messages"][-1]
        if told["role"] == "user" and told["content"].startswith("That does not hold: "):
            return ChatMessage("\n\n".join(part for part in self._last.text.split("\n\n") if "[" in part))
        self._last = self.left.pop(0)
        return self._last


@pytest.mark.parametrize(("script", "stream"), TRANSPORTS, ids=[f"{each.name}-{how}" for each, how in TRANSPORTS])
def test_a_conversation_leaves_behind_the_same_over_http(
    script: Script,
    stream: str,
    shop_folder: Path,
    proposals: Callable[[Script], Proposals],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replay = Replay(proposals(script))
    with ChatServer(always=replay) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("SHOPBOT_STREAM", stream)
        play_and_judge(script, shop_folder, monkeypatch, engine="openai:test-model")
    assert replay.left == []
    assert {bool(request.get("stream")) for request in server.requests} == {stream == "on"}


def test_they_are_thirty_and_more() -> None:
    assert len(SCRIPTS) >= 30
