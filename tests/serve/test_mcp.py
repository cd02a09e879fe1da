"""The MCP server, by the official client: over HTTP in both generations of the protocol, and as a program."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from serving import Running, Visitor, running, running_copy

pytestmark = pytest.mark.filterwarnings("ignore")  # of the MCP packages

MARIA = ("123456", "maria.lopez@example.com", "jeans")
JAMES = ("654321", "james.carter@example.com", "belt")


@pytest.fixture(scope="module")
def served(built_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of the module's own: its users return what customers elsewhere return too."""
    with running_copy(built_shop, tmp_path_factory.mktemp("served") / "data") as server:
        yield server


class Model:
    """A client whose model calls tools in one conversation."""

    def __init__(self, client: Client, conversation: str = "") -> None:
        self.client = client
        self.conversation = conversation

    async def call(self, name: str, said: str = "", **args: Any) -> types.CallToolResult:
        """Call a tool; the first call begins the conversation."""
        own = {"user_said": said, **({"conversation": self.conversation} if self.conversation else {})}
        result = await self.client.call_tool(name, {**args, **own})
        self.conversation = result.structured_content["conversation"]
        return result

    async def come_to_the_offer(self, order: str, email: str, item: str) -> types.CallToolResult:
        """Everything up to what has to be confirmed."""
        await self.call("take_order_number", f"Order {order}, {email}: I return the {item}", order_number=order)
        await self.call("take_email", email=email)
        for name in ("verify_customer", "look_up_order"):
            assert not (await self.call(name)).is_error
        await self.call("choose_items", items=[{"words": item}])
        return await self.call("check_return")


def words(result: types.CallToolResult) -> str:
    return "\n".join(content.text for content in result.content if isinstance(content, types.TextContent))


def answering(answer: str | None, asked: list[str]) -> Callable[..., Awaitable[types.ElicitResult]]:
    """A user who answers the client's form so; None closes it."""

    async def elicit(_: Any, params: types.ElicitRequestFormParams) -> types.ElicitResult:
        asked.append(params.message)
        if answer is None:
            return types.ElicitResult(action="cancel")
        return types.ElicitResult(action="accept", content={"answer": answer})

    return elicit


def with_client(server: Any, deed: Callable[[Client], Awaitable[Any]], *, key: str = "", **options: Any) -> Any:
    async def run() -> Any:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            at = streamable_http_client(server, http_client=http) if isinstance(server, str) else server
            async with Client(at, **options) as client:
                return await deed(client)

    return asyncio.run(run())


def url(served: Running) -> str:
    return f"{served.url}/mcp"


def test_every_action_is_a_tool_with_its_contract(served: Running) -> None:
    tools = {tool.name: tool for tool in with_client(url(served), lambda client: client.list_tools()).tools}
    assert {"search_policies", "track_order", "arrange_return"} <= set(tools)
    arrange = tools["arrange_return"]
    assert arrange.annotations is not None
    assert (arrange.annotations.read_only_hint, tools["track_order"].annotations.read_only_hint) == (False, True)  # type: ignore[union-attr]
    assert "Needs:" in (arrange.description or "")
    assert {"conversation", "user_said"} <= set(arrange.input_schema["properties"])


def test_an_action_whose_needs_do_not_hold_is_refused_with_what_is_missing(served: Running) -> None:
    result = with_client(url(served), lambda client: Model(client).call("track_order", "Where is my parcel?"))
    assert result.is_error
    assert "needs order" in words(result)
    assert "take_order_number" in result.structured_content["allowed"]


def test_an_argument_that_nobody_gave_is_refused(served: Running) -> None:
    result = with_client(
        url(served),
        lambda client: Model(client).call("take_order_number", "Where is my parcel?", order_number="123456"),
    )
    assert result.is_error
    assert "nobody has said" in words(result)


@pytest.mark.parametrize(("mode", "wish"), [("auto", JAMES), ("legacy", (*MARIA[:2], "t-shirts"))])
def test_a_return_is_arranged_once_the_user_has_said_yes_to_the_client(
    served: Running, mode: str, wish: tuple[str, str, str]
) -> None:
    asked: list[str] = []

    async def deed(client: Client) -> types.CallToolResult:
        model = Model(client)
        await model.come_to_the_offer(*wish)
        return await model.call("arrange_return")

    result = with_client(url(served), deed, mode=mode, elicitation_callback=answering("yes", asked))
    assert not result.is_error, words(result)
    assert result.structured_content["label"]["return_id"]
    assert wish[2].removesuffix("s") in asked[0].lower()


@pytest.mark.parametrize("answer", ["no", None])
def test_without_the_users_yes_nothing_is_done(served: Running, answer: str | None) -> None:
    async def deed(client: Client) -> types.CallToolResult:
        model = Model(client)
        await model.come_to_the_offer(*MARIA)
        return await model.call("arrange_return")

    result = with_client(url(served), deed, elicitation_callback=answering(answer, []))
    assert result.is_error
    assert "did not say yes" in words(result)


def test_a_yes_that_the_model_wrote_is_none(served: Running) -> None:
    async def deed(client: Client) -> types.CallToolResult:
        model = Model(client)
        await model.come_to_the_offer(*MARIA)
        await model.call("arrange_return")
        return await model.call("arrange_return", "Yes, please.")

    result = with_client(url(served), deed)
    assert result.is_error
    assert "cannot ask for it" in words(result)
    assert "label" not in result.structured_content


def test_no_one_calls_in_another_callers_conversation(served: Running, visitor: Visitor) -> None:
    visitor.say("Hello")
    theirs = served.server.access.accounts.add_key("their-model", ("chat",), 600)
    ours = served.server.access.accounts.add_key("our-model", ("chat",), 600)
    try:
        begun = with_client(url(served), lambda client: Model(client).call("search_policies", question="x"), key=theirs)
        for conversation in (begun.structured_content["conversation"], visitor.id, "x"):
            assert "no such conversation" in with_client(url(served), _refused_in(conversation), key=ours)
        assert served.client().post("/mcp", json={}).status_code == 401
    finally:
        served.server.access.accounts.remove("their-model")
        served.server.access.accounts.remove("our-model")


def _refused_in(conversation: str) -> Callable[[Client], Awaitable[str]]:
    async def deed(client: Client) -> str:
        with pytest.raises(MCPError) as refusal:
            await Model(client, conversation).call("show_order")
        return str(refusal.value)

    return deed


def test_a_page_of_another_site_is_refused(served: Running) -> None:
    answer = served.client().post("/mcp", json={}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_policies_are_resources(served: Running) -> None:
    async def deed(client: Client) -> tuple[list[str], str]:
        uris = [str(each.uri) for each in (await client.list_resources()).resources]
        read = await client.read_resource("policy:///returns.md")
        with pytest.raises(MCPError, match="no resource"):
            await client.read_resource("policy:///../shop.yaml")
        return uris, read.contents[0].text  # type: ignore[union-attr]

    uris, text = with_client(url(served), deed)
    assert "policy:///returns.md" in uris
    assert "30 days" in text


def test_staff_see_what_a_model_did_and_take_over(served: Running) -> None:
    async def deed(client: Client) -> types.CallToolResult:
        model = Model(client)
        await model.call("search_policies", "How long do I have?", question="How long do I have?")
        served.server.store.hold(model.conversation, "sam")
        return await model.call("search_policies", question="How long do I have?")

    result = with_client(url(served), deed)
    assert result.is_error
    assert "taken this conversation over" in words(result)
    turns = served.server.records.turns(result.structured_content["conversation"])
    assert [turn.trace["actions"][0]["name"] for turn in turns] == ["search_policies"]


def test_as_a_program_over_standard_input_and_output(shop_folder: Path) -> None:
    arguments = ["-m", "shopbot.apps", "mcp", "--data", str(shop_folder)]
    program = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
    result = with_client(
        stdio_client(program), lambda client: Model(client).call("calculate", expression="59.90 * 0.15")
    )
    assert "8.985" in words(result)


def test_an_agent_of_ones_own_has_its_actions_as_tools(data_folder: Path) -> None:
    data_folder.mkdir(exist_ok=True)
    with running(data_folder, agent="own_agents:researcher") as own:
        result = with_client(
            url(own), lambda client: Model(client).call("take_case_number", "Case 21-cv-1034", case_number="21-cv-1034")
        )
    assert not result.is_error, words(result)
    assert "open_case" in result.structured_content["allowed"]
