"""The hints of a real MCP server, over standard input and output, are the first guess of a contract."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core._api import suppress_langchain_beta_warning

from examples.ports.mcp_agent import clinic_server
from shopbot.tools import Action, Call
from shopbot.tools.contracts import bind_contracts

pytest.importorskip("fastmcp", reason="langchain[mcp] is not installed: there is no MCP client")
pytestmark = pytest.mark.filterwarnings("ignore")  # of the MCP packages


@pytest.fixture(scope="module")
def cancelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server writes what it cancels."""
    return tmp_path_factory.mktemp("clinic") / "cancelled.txt"


@pytest.fixture(scope="module")
def tools(cancelled: Path) -> dict[str, Any]:
    """What the server offers, by name."""
    with suppress_langchain_beta_warning():
        return {tool.name: tool for tool in asyncio.run(clinic_server(cancelled).list_tools())}


def test_hints_are_the_first_guess(tools: dict[str, Any]) -> None:
    guessed = {name: Action.from_tool(tool) for name, tool in tools.items()}
    assert {name: (each.effect, each.confirm, each.idempotent) for name, each in guessed.items()} == {
        "find_visit": ("read", None, False),
        "cancel_visit": ("write", "tool", False),
        "remind": ("write", None, True),
        "erase_everything": ("write", None, False),
    }


def test_a_contract_overrules_the_hints(tools: dict[str, Any]) -> None:
    chosen = Action.from_tool(tools["cancel_visit"], effect="write", confirm="Cancel {args.number}?", idempotent=True)
    assert (chosen.confirm, chosen.idempotent) == ("Cancel {args.number}?", True)


def test_whatever_writes_and_has_no_contract_is_denied(tools: dict[str, Any]) -> None:
    assert [each.name for each in bind_contracts({}, tools.values())] == ["find_visit"]


def test_tools_of_a_server_are_run_and_sent_only_what_was_given(cancelled: Path) -> None:
    async def run() -> list[Any]:
        async with clinic_server(cancelled) as server:
            tools = {tool.name: tool for tool in await server.list_tools()}
            find = Action.from_tool(tools["find_visit"], gives={"visit": "visit"})
            remind = Action.from_tool(tools["remind"])
            args = remind.arguments.model_validate({"number": "V-1"}).model_dump(mode="json")
            call = Call(services=None, facts={}, conversation="t", key="k")
            return [await find.run(call, number="V-1"), await remind.run(call, **args)]

    found, reminded = asyncio.run(run())
    assert found.facts == {"visit": "V-1"}
    assert reminded.text == "reminder 24 hours before visit V-1"
