"""A structured result by the provider's own means: a function with a strict schema that the model is told to call."""

from __future__ import annotations

import pytest
from chat_server import Call, ChatServer
from pydantic import BaseModel

from shopbot.agents import create_agent
from shopbot.engines import make_engine


class Verdict(BaseModel):
    """The verdict."""

    guilty: bool
    reason: str


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> ChatServer:
    return ChatServer()


def ask(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    with server:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        agent = create_agent(make_engine("openai:test-model"), [], result=Verdict)
        verdict: Verdict = agent.invoke({"messages": [("user", "Is he?")]})["structured_response"]
        return verdict


def test_the_model_is_told_to_give_the_result(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.steps.append(Call("give_result", {"guilty": False, "reason": "no proof"}))
    assert ask(server, monkeypatch) == Verdict(guilty=False, reason="no proof")
    (request,) = server.requests
    assert request["tool_choice"] == "required"
    assert request["tools"][0]["function"]["strict"] is True


def test_a_server_that_does_not_hold_to_it_is_corrected(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.steps += [
        "He is not.",
        Call("give_result", {"guilty": False}),
        Call("give_result", {"guilty": "no", "x": 1}),
    ]
    server.steps[2] = Call("give_result", {"guilty": False, "reason": "no proof"})
    assert ask(server, monkeypatch) == Verdict(guilty=False, reason="no proof")
    assert len(server.requests) == 3
