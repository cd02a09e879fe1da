"""AG-UI's own client runs ShopBot; and what the endpoint sends, read without it."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from serving import Running

MODULES = Path(__file__).parents[2] / ".browser" / "node_modules"
CLIENT = Path(__file__).parent / "agui_client.cjs"


def run(served: Running, *words: str) -> dict[str, Any]:
    """What AG-UI's client heard, and what it made of it."""
    if not (MODULES / "@ag-ui" / "client").is_dir() or not shutil.which("node"):
        pytest.skip("AG-UI's client is not installed: make browser")
    command = ["node", str(CLIENT), str(MODULES), f"{served.url}/agui", secrets.token_hex(8), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    heard: dict[str, Any] = json.loads(done.stdout)
    return heard


def events(served: Running, thread: str, **more: Any) -> list[dict[str, Any]]:
    """The events of one run."""
    body = {"threadId": thread, "runId": secrets.token_hex(8), "messages": [], "tools": [], "context": [], **more}
    text = served.client().post("/agui", json=body).text
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def said(words: str, id: str = "m1") -> list[dict[str, str]]:
    return [{"id": id, "role": "user", "content": words}]


def test_its_client_hears_steps_state_and_words(served: Running) -> None:
    result = run(served, "I want to return the Dutch oven")
    kinds = [event["type"] for event in result["heard"]]
    assert {"RUN_STARTED", "STEP_STARTED", "STATE_SNAPSHOT", "TEXT_MESSAGE_CONTENT", "RUN_FINISHED"} <= set(kinds)
    assert result["messages"][-1]["role"] == "assistant"
    assert "order number" in result["messages"][-1]["content"]
    assert result["state"]["plan"]


def test_its_client_answers_an_interrupt_and_gets_the_label(served: Running) -> None:
    result = run(served, "I want to return the blue mugs from order 345678, maria.lopes@example.org")
    outcomes = [event["outcome"]["type"] for event in result["heard"] if event["type"] == "RUN_FINISHED"]
    assert outcomes == ["interrupt", "success"]
    assert "label has been e-mailed" in result["messages"][-1]["content"]


def test_an_answer_to_another_interrupt_is_none(served: Running) -> None:
    asked = said("I want to return the jeans from order 123456, maria.lopez@example.com")
    assert events(served, "another", messages=asked)[-1]["outcome"]["type"] == "interrupt"
    wrong = [{"interruptId": "0" * 32, "status": "resolved", "payload": "yes"}]
    assert events(served, "another", messages=asked, resume=wrong)[-1]["outcome"]["type"] == "interrupt"


def test_a_yes_in_words_to_a_question_that_the_front_end_has_not_is_asked_again(served: Running) -> None:
    asked = said("I want to return the jeans from order 123456, maria.lopez@example.com")
    assert events(served, "unread", messages=asked)[-1]["outcome"]["type"] == "interrupt"
    both = [*asked, *said("Yes please", "m2")]
    assert events(served, "unread", messages=both)[-1]["outcome"]["type"] == "interrupt"


def test_words_after_a_reply_that_the_front_end_has_answer_it(served: Running) -> None:
    first = events(served, "read", messages=said("Hello"))
    reply = next(event["messageId"] for event in first if event["type"] == "TEXT_MESSAGE_START")
    has = [*said("Hello"), {"id": reply, "role": "assistant", "content": "…"}]
    events(served, "read", messages=[*has, *said("Hello again", "m2")])
    events(served, "read", messages=[*has, *said("And again", "m3")])
    listed = served.server.store.listed(words="Hello again", limit=1)
    crossed = {e.text: "crossed" in e.details for e in served.server.store.entries(listed[0].id)}
    assert (crossed["Hello again"], crossed["And again"]) == (False, True)


def test_a_run_that_is_repeated_tells_the_same_reply_and_does_nothing_again(served: Running) -> None:
    first = events(served, "repeated", messages=said("Hello"))
    again = events(served, "repeated", messages=said("Hello"))
    texts = ["".join(event.get("delta", "") for event in heard) for heard in (first, again)]
    assert texts[0] == texts[1] != ""


@pytest.mark.parametrize("messages", [[], [{"id": "a", "role": "assistant", "content": "yes"}], said("  ")])
def test_a_run_without_words_is_refused(served: Running, messages: list[dict[str, str]]) -> None:
    body = {"threadId": "t", "runId": "r", "messages": messages}
    assert served.client().post("/agui", json=body).status_code == 422


def test_without_a_key_there_is_no_run_once_keys_are_made(served: Running) -> None:
    served.server.access.accounts.add_key("app", ("chat",), 600)
    try:
        answer = served.client().post("/agui", json={"threadId": "t", "runId": "r", "messages": said("Hello")})
        assert answer.status_code == 401
    finally:
        served.server.access.accounts.remove("app")
