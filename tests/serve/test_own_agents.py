"""`shopbot serve --agent module:factory`: an agent made with `create_agent`, in every way in."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
import openai
import own_agents
import pytest
from serving import Running, Visitor, running

from shopbot.apps.serve.served import AgentNotServed, open_served
from shopbot.shop.settings import load_settings

QUESTION = f"Who is the plaintiff in case {own_agents.CASE}?"


def test_the_court_researcher_answers_with_a_citation(data_folder: Path) -> None:
    with running(data_folder, agent="own_agents:researcher") as served:
        reply = served.visit().say(QUESTION)
        assert reply["text"].startswith("Harborlight Instruments, Inc.")
        assert [cited["key"] for cited in reply["citations"]] == [f"{own_agents.CASE}/complaint#parties"]
        assert served.client().get("/ready").json()["agent"] == "researcher"
        assert served.client().get("/").status_code == 200


def test_the_page_of_an_agent_of_ones_own_says_nothing_of_a_shop(data_folder: Path) -> None:
    with running(data_folder, agent="own_agents:researcher") as served:
        texts = served.client().get("/api/v1/wording").json()["texts"]
    assert (texts["title"], texts["starters"]) == ("researcher", [])
    assert "order" not in texts["welcome"]


def test_the_court_researcher_answers_openais_client(data_folder: Path) -> None:
    with (
        running(data_folder, agent="own_agents:researcher") as served,
        openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", http_client=httpx.Client(verify=False)) as client,
    ):
        made = client.chat.completions.create(model="researcher", messages=[{"role": "user", "content": QUESTION}])
        assert (made.choices[0].message.content or "").startswith("Harborlight")


@pytest.mark.parametrize(
    ("decision", "fields", "paid", "said"),
    [
        ("approve", {}, [50], "That is done."),
        ("edit", {"args": '{"amount": 20}'}, [20], "That is done."),
        ("reject", {"message": "too much"}, [], "That is done."),
        ("answer", {"message": "it was paid in cash"}, [], "That is done."),
    ],
)
def test_a_person_decides_at_the_console(
    data_folder: Path, decision: str, fields: dict[str, str], paid: list[int], said: str
) -> None:
    own_agents.paid.clear()
    with running(data_folder, agent="own_agents:treasurer") as served:
        visitor, staff = served.visit(), _staff(served)
        waiting = visitor.say("Please pay 50")
        assert "A colleague has to agree" in waiting["text"]
        assert visitor.id in staff.get("/desk/?only=waiting").text
        _decide(staff, visitor, decision, **fields)
        assert _bot_says(visitor, waiting["seq"]) == said
    assert own_agents.paid == paid


def test_a_decision_that_is_none_changes_nothing(data_folder: Path) -> None:
    own_agents.paid.clear()
    with running(data_folder, agent="own_agents:treasurer") as served:
        visitor, staff = served.visit(), _staff(served)
        visitor.say("Please pay 50")
        assert _decide(staff, visitor, "edit", args="[1]").status_code == 422
        assert _decide(staff, visitor, "perhaps").status_code == 422
    assert own_agents.paid == []


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("own_agents", "there is no ':'"),
        ("no_such_module:x", "No module named 'no_such_module'"),
        ("own_agents:nothing", "has no attribute 'nothing'"),
        ("own_agents:forgetful", "no agent that remembers"),
        ("own_agents:broken", "ValueError: no docket"),
    ],
)
def test_what_cannot_be_served_is_named_with_the_way_out(data_folder: Path, spec: str, words: str) -> None:
    with pytest.raises(AgentNotServed, match=words), open_served(load_settings(), spec):
        pass


def _staff(served: Running) -> httpx.Client:
    served.server.access.accounts.add_staff("sam", "a long password")
    client = served.client()
    client.post("/desk/login", data={"name": "sam", "password": "a long password"})
    return client


def _decide(staff: httpx.Client, visitor: Visitor, decision: str, **fields: str) -> httpx.Response:
    page = f"/desk/conversations/{visitor.id}"
    csrf = re.search(r'name="csrf" value="([^"]+)"', staff.get(page).text)
    assert csrf
    return staff.post(f"{page}/decide", data={"csrf": csrf[1], "decision": decision, "message": "", **fields})


def _bot_says(visitor: Visitor, after: int) -> str:
    for _ in range(400):
        for entry in visitor.messages(after):
            if entry["speaker"] == "bot":
                return str(entry["text"])
        time.sleep(0.02)
    raise AssertionError("nothing was said")
