"""ShopBot as an MCP server: the agent's actions as tools behind its gate, the shop's policies as resources.

The client's model reasons in the engine's place (`shopbot.agents.proposing`): a tool call is a turn of a conversation
like any other, kept, shown to staff and resumed after a crash. A yes is never taken out of what the model wrote: the
client asks its user (elicitation), on protocol 2026-07-28 by a result that says what input is required, before it by a
request of the server's.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server as ProtocolServer
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from shopbot.agents.plan import allowed_now
from shopbot.agents.turn import read_turn
from shopbot.apps.serve.access import Caller, require
from shopbot.apps.serve.policies import policy_texts
from shopbot.apps.serve.problems import Problem
from shopbot.apps.serve.replies import turn_of
from shopbot.apps.serve.server import Server
from shopbot.apps.serve.store import Entry
from shopbot.apps.session import MessageRefused, checked
from shopbot.prompts import load_data
from shopbot.tools.action import Action

REPLY_S = 300.0
"""How long a call waits for its observation."""
Context = ServerRequestContext[Any, Any]
_OWN = ("conversation", "user_said")
"""The arguments that every tool has beside those of its action."""
_ASKED = "confirm"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """A tool call: what it proposes, in which conversation, and on which words of the user."""

    conversation: str
    name: str
    args: Mapping[str, Any]
    said: str = ""
    agrees_to: str | None = None
    """The id of the question that the user has said yes to."""

    @property
    def id(self) -> str:
        """The message's id: a yes that is sent again is the same message."""
        return f"mcp-{self.agrees_to or uuid.uuid4().hex}"

    @property
    def details(self) -> dict[str, Any]:
        """What the message brings besides words; without a typed yes it agrees to nothing."""
        answer = {"answer": {"question": self.agrees_to, "value": "yes"}} if self.agrees_to else {"crossed": True}
        return {"proposal": {"name": self.name, "args": dict(self.args)}, **answer}


def protocol_server(server: Server) -> ProtocolServer[Any]:
    """The MCP server over these parts."""
    tools, resources = _Tools(server), _Resources(server)
    name = server.agent.partition(":")[2] if server.agent else "shopbot"
    return ProtocolServer(
        name,
        version=version("shopbot"),
        instructions=_texts()["instructions"].format(agent=name),
        on_list_tools=tools.list,
        on_call_tool=tools.call,
        on_list_resources=resources.list,
        on_read_resource=resources.read,
    )


class _Tools:
    """The agent's actions."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def list(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """Every action; which of them are possible now is in each result."""
        return types.ListToolsResult(tools=[_tool(action) for action in (await self._actions()).values()])

    async def call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Propose an action; the result is what it observed, or why it was refused."""
        try:
            return await self._call(context, params)
        except (Problem, MessageRefused) as refusal:
            raise MCPError(types.INVALID_PARAMS, str(refusal)) from None

    async def _call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        caller = _caller(self._server, context)
        if params.name not in await self._actions():
            raise MCPError(types.INVALID_PARAMS, _texts()["no_tool"].format(name=repr(params.name)))
        answered = self._server.access.read_question(params.request_state) if params.request_state else None
        call = await self._read(caller, params, answered)
        if answered is None:
            return await self._propose(context, call)
        return await self._answered(call, (params.input_responses or {}).get(_ASKED))

    async def _read(
        self, caller: Caller, params: types.CallToolRequestParams, answered: tuple[str, str] | None
    ) -> Call:
        args = dict(params.arguments or {})
        given, said = (str(args.pop(name, None) or "") for name in _OWN)
        conversation = await self._conversation(caller, answered[0] if answered else given)
        if answered is not None:
            return Call(conversation, params.name, args, load_data("serve/chat.yaml")["agree_words"], answered[1])
        return Call(conversation, params.name, args, checked(said) if said.strip() else "")

    async def _conversation(self, caller: Caller, given: str) -> str:
        """The caller's own conversation of that id; a new one when none is given."""
        owner = f"mcp {caller.owner}"
        if not given:
            made = self._server.access.new_conversation()
            await asyncio.to_thread(self._server.store.create, made, owner)
            return made
        found = await asyncio.to_thread(self._server.store.find, given[:200])
        if found is None or found.owner != owner:
            raise Problem(404, _texts()["no_conversation"])
        return found.id

    async def _propose(self, context: Context, call: Call) -> types.CallToolResult | types.InputRequiredResult:
        """A turn; where the gate wants a yes, the user is asked by the client."""
        entry, reply = await self._turn(call)
        question = reply and reply.details.get("question")
        if reply is None or not question:
            return await self._result(call, entry, reply)
        if not context.session.check_client_capability(_CAN_ASK):
            text = f"{_texts()['cannot_ask']}\n\n{reply.text}"
            return _told(text, {"conversation": call.conversation, "ok": False}, is_error=True)
        asked = types.ElicitRequestFormParams(message=reply.text, requested_schema=_answer_schema())
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            state = self._server.access.question(call.conversation, question)
            return types.InputRequiredResult(
                input_requests={_ASKED: types.ElicitRequest(params=asked)}, request_state=state
            )
        answer = await context.session.elicit_form(asked.message, asked.requested_schema, context.request_id)
        agreed = Call(
            call.conversation, call.name, call.args, load_data("serve/chat.yaml")["agree_words"], str(question)
        )
        return await self._answered(agreed, answer)

    async def _answered(self, call: Call, answer: Any) -> types.CallToolResult:
        """Go on with the user's answer to the question."""
        content = answer.content or {} if isinstance(answer, types.ElicitResult) and answer.action == "accept" else {}
        if content.get("answer") != "yes":
            told = {"conversation": call.conversation, "ok": False}
            return _told(_texts()["declined"], told, is_error=True)
        return await self._result(call, *await self._turn(call))

    async def _turn(self, call: Call) -> tuple[Entry, Entry | None]:
        """The message that the call is, and the reply to it; none while a person holds the conversation."""
        turns, store = await self._server.turns, self._server.store
        with self._server.hub.listening(call.conversation) as listener:
            entry = await turns.receive(call.conversation, call.id, call.said, call.details)
            if not entry.answered:
                async with asyncio.timeout(REPLY_S):
                    await listener.until_done(entry.id)
        later = await asyncio.to_thread(store.entries, call.conversation, entry.seq)
        return entry, next((each for each in later if each.speaker not in ("customer", "staff")), None)

    async def _result(self, call: Call, entry: Entry, reply: Entry | None) -> types.CallToolResult:
        agent = (await self._server.served).agent
        state = await agent.aget_state({"configurable": {"thread_id": call.conversation}})
        told: dict[str, Any] = {"conversation": call.conversation, "ok": False}
        values = turn_of(state.values, entry.id)
        if reply is None or values is None:
            return _told(_texts()["held"] if reply is None else reply.text, told, is_error=True)
        done = [action for action in read_turn(values).actions if action.name == call.name]
        told |= {"ok": bool(done) and done[-1].status == "ok", "awaiting": values.get("awaiting")}
        told |= {"allowed": sorted(set(allowed_now(values.get("facts") or {}, agent.actions)))}
        told |= {name: reply.details[name] for name in ("citations", "label") if name in reply.details}
        return _told(done[-1].observation if done else reply.text, told, is_error=not told["ok"])

    async def _actions(self) -> Mapping[str, Action]:
        """The agent's actions that can be tools; an agent without a gate has none."""
        actions: Mapping[str, Action] = getattr((await self._server.served).agent, "actions", {})
        clashing = [name for name, action in actions.items() if set(_OWN) & set(action.arguments.model_fields)]
        for name in clashing:
            logger.warning("%s is no tool of the MCP server: its arguments must not be called %s", name, _OWN)
        return {name: action for name, action in actions.items() if name not in clashing}


class _Resources:
    """The shop's policies."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def list(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        """One resource a document."""
        found = [
            types.Resource(uri=uri, name=uri.rpartition("/")[2], mime_type="text/markdown", size=len(text.encode()))
            for uri, text in (await self._texts()).items()
        ]
        return types.ListResourcesResult(resources=found)

    async def read(self, context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        """The document, as the agent has it."""
        text = (await self._texts()).get(params.uri)
        if text is None:
            raise MCPError(types.INVALID_PARAMS, _texts()["no_policy"].format(uri=repr(params.uri[:200])))
        contents = types.TextResourceContents(uri=params.uri, mime_type="text/markdown", text=text)
        return types.ReadResourceResult(contents=[contents])

    async def _texts(self) -> dict[str, str]:
        desk = (await self._server.served).desk
        found = await asyncio.to_thread(policy_texts, desk.shop.settings) if desk else {}
        return {f"policy:///{name}": text for name, text in found.items()}


_CAN_ASK = types.ClientCapabilities(elicitation=types.ElicitationCapability())


def _caller(server: Server, context: Context) -> Caller:
    """Whose call it is; over standard input and output that of whoever started the program."""
    if context.request is None:
        return Caller("local", "local", frozenset({"chat"}))
    caller = server.access.caller(context.request)
    require(caller, "chat")
    server.limit(context.request, caller)
    return caller


def _tool(action: Action) -> types.Tool:
    texts = _texts()
    schema = action.arguments.model_json_schema()
    own = {name: {"type": "string", "description": texts[name]} for name in _OWN}
    said = [action.description]
    said += [texts["needs"].format(needs=", ".join(action.needs))] if action.needs else []
    said += [texts["gives"].format(gives=", ".join(action.gives))] if action.gives else []
    said += [texts["confirms"]] if action.confirm else []
    return types.Tool(
        name=action.name,
        title=action.title,
        description="\n".join(said),
        input_schema={**schema, "properties": {**schema.get("properties", {}), **own}},
        annotations=types.ToolAnnotations(
            read_only_hint=action.effect == "read",
            destructive_hint=action.effect == "write" and action.confirm is not None,
            idempotent_hint=action.idempotent,
            open_world_hint=False,
        ),
    )


def _told(text: str, structured: dict[str, Any], *, is_error: bool) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(text=text)], structured_content=structured, is_error=is_error
    )


def _answer_schema() -> dict[str, Any]:
    answer = {"type": "string", "title": _texts()["answer"], "enum": ["yes", "no"]}
    return {"type": "object", "properties": {"answer": answer}, "required": ["answer"]}


def _texts() -> dict[str, str]:
    texts: dict[str, str] = load_data("serve/mcp.yaml")
    return texts
