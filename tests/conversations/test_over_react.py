"""The same conversations with a model that calls no tools: what the embedded engine proposes is written as ReAct text,
in the ways in which models write it, and the same must be left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatMessage, ChatServer
from judge import play_and_judge
from react_styles import as_react
from recorded_proposals import Proposals
from scripted import Script
from test_over_http import SCRIPTS

pytestmark = pytest.mark.long


class Replay:
    """A model that writes what was recorded, each time in another style; told that a reply does not hold, it says
    again what has a citation."""

    def __init__(self, recorded: Proposals, style: int) -> None:
        self.left = list(recorded)
        self._style = style
        self._last = ""

    def __call__(self, request: dict[str, Any]) -> ChatMessage:
        if "\n> That does not hold: " in request["messages"][-1]["content"].rpartition("\nObservation:")[2]:
            cited = "\n\n".join(part for part in self._last.split("\n\n") if "[" in part)
            return ChatMessage(f"Thought: Only what is cited.\nFinal Answer: {cited}")
        proposal = self.left.pop(0)
        self._style += 1
        self._last = str(proposal.text)
        return ChatMessage(as_react(proposal, self._style))


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.name for script in SCRIPTS])
def test_a_conversation_leaves_behind_the_same_in_react_text(
    script: Script, shop_folder: Path, proposals: Callable[[Script], Proposals], monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = Replay(proposals(script), SCRIPTS.index(script))
    with ChatServer(always=replay) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        play_and_judge(script, shop_folder, monkeypatch, engine="react:openai:test-model")
    assert replay.left == []
    assert not any(request.get("tools") for request in server.requests)


def test_they_are_thirty_and_more() -> None:
    assert len(SCRIPTS) >= 30
