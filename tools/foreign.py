"""A LangChain tool as an action: its schema and description are its own, its contract is added.

    Action.from_tool(cancel_booking, needs=("booking",), effect="write", confirm="Shall I cancel {args.number}?")

The tool may be any `BaseTool`, one of an MCP server too, or a function. What its server hints (`readOnlyHint`,
`destructiveHint`, `idempotentHint`) is the first guess of a contract; without a word about it a tool writes.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from shopbot.tools.call import Call, Observation
from shopbot.tools.contract_checks import ContractError, check_arguments, check_terms, check_tries
from shopbot.tools.facts import named
from shopbot.tools.json_schema import left_out_when_none, model_of_schema
from shopbot.tools.sources import Derived, Source

if TYPE_CHECKING:
    from langchain_core.messages import ToolMessage
    from langchain_core.tools import BaseTool

ASK_BEFORE = "tool"
"""The question of a tool whose server calls it destructive: `prompts/confirm/tool.j2`."""


def terms_of_tool(
    tool: BaseTool | Callable[..., Any],
    *,
    needs: Sequence[str] = (),
    gives: Sequence[str] | Mapping[str, str] = (),
    effect: Literal["read", "write"] | None = None,
    confirm: str | bool | None = None,
    awaiting: str | None = None,
    goal: bool = False,
    repeatable: bool = False,
    idempotent: bool | None = None,
    lookup: Callable[..., Observation | None] | None = None,
    lapses: timedelta | Callable[[Any], timedelta] | None = None,
    timeout: timedelta | None = None,
    tries: int = 1,
    title: str | None = None,
    sources: Mapping[str, Source | Derived] | None = None,
) -> dict[str, Any]:
    """The fields of the action that `tool` does. Besides what `shopbot.tools.action.action` says:

    Args:
        tool: any LangChain tool, or a function that one can be made of.
        gives: facts that it can establish. Each is the field of that name in what the tool returns, or all of it when
            there is none; a mapping names the field: `{"patient": "id"}`.
        effect: None takes the server's `readOnlyHint`; without one the tool writes.
        confirm: the question; False asks none. None asks where the server hints that the tool is destructive.
        idempotent: None takes the server's `idempotentHint`.
        sources: where each argument may come from; by default anything but invention.

    Raises:
        ContractError: no tool, or a contract that cannot be kept.
    """
    tool = _as_tool(tool)
    check_terms(tool.name, needs, list(gives) if isinstance(gives, Mapping) else gives, effect or "read")
    hints = hints_of(tool)
    writes = effect == "write" or (effect is None and not hints.get("read_only"))
    destructive = writes and effect is None and bool(hints.get("destructive", bool(hints)))
    question = ASK_BEFORE if confirm is True or (confirm is None and destructive) else confirm or None
    again = bool(hints.get("idempotent")) if idempotent is None else idempotent
    check_tries(tool.name, tries, may_repeat=not writes or again)
    arguments = _arguments(tool)
    check_arguments(tool.name, [*needs, *gives], arguments.model_fields)
    given = _sources(tool.name, arguments, sources or {})
    fields = dict(gives) if isinstance(gives, Mapping) else {fact: fact for fact in gives}

    def read_result(message: ToolMessage, args: Mapping[str, Any]) -> Observation:
        of_these = {named(fact, args): field for fact, field in fields.items()}
        return observation_of(message, of_these, strict=isinstance(gives, Mapping))

    def run(call: Call[Any], **args: Any) -> Any:
        return _invoked(tool, call, args, read_result)

    return {
        "name": tool.name,
        "description": tool.description,
        "run": run,
        "arguments": arguments,
        "sources": {name: Source.DERIVED if isinstance(mark, Derived) else mark for name, mark in given.items()},
        "title": title or tool.name.replace("_", " "),
        "needs": tuple(needs),
        "gives": tuple(gives),
        "effect": "write" if writes else "read",
        "confirm": question,
        "awaiting": "confirmation" if question else awaiting,
        "goal": goal,
        "repeatable": repeatable,
        "idempotent": again,
        "lookup": lookup,
        "lapses": lapses,
        "derived": {name: mark for name, mark in given.items() if isinstance(mark, Derived)},
        "timeout": timeout,
        "tries": tries,
        "tool": tool,
        "read_result": read_result,
    }


def hints_of(tool: BaseTool) -> dict[str, bool]:
    """What the MCP server of a tool hints: "read_only", "destructive", "idempotent"; empty where it hints nothing."""
    metadata = tool.metadata or {}
    hinted = ((metadata.get("mcp") or {}).get("tool") or {}).get("annotations") or metadata
    spelled = {
        "read_only": ("read_only_hint", "readOnlyHint"),
        "destructive": ("destructive_hint", "destructiveHint"),
        "idempotent": ("idempotent_hint", "idempotentHint"),
    }
    found = {hint: next((hinted[key] for key in keys if key in hinted), None) for hint, keys in spelled.items()}
    return {hint: bool(value) for hint, value in found.items() if value is not None}


def sent_arguments(tool: BaseTool, args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the tool is sent them: without those that its schema leaves out."""
    schema = tool.args_schema
    unsent = left_out_when_none(schema) if isinstance(schema, dict) else frozenset()
    return {name: value for name, value in args.items() if value is not None or name not in unsent}


def observation_of(message: ToolMessage, fields: Mapping[str, str], *, strict: bool = False) -> Observation:
    """What a tool's message comes to: its text, its facts, and as data what it returned in fields.

    `fields`: fact -> field of the result; `strict`: a fact without its field is not established. What is
    `false` withdraws the fact.
    """
    ok = message.status != "error"
    result = _result(message)
    data = {str(key): value for key, value in result.items()} if isinstance(result, Mapping) else {}
    facts: dict[str, Any] = {}
    for fact, field in fields.items() if ok else ():
        if isinstance(result, Mapping) and field in result:
            facts[fact] = result[field]
        elif not strict:
            facts[fact] = result
    facts = {fact: None if value is False else value for fact, value in facts.items()}
    text = str(message.text)
    return Observation(text, data=data if ok else {**data, "error": text}, facts=facts, ok=ok)


def _result(message: ToolMessage) -> Any:
    """What the tool returned: structured content, an artifact, or what its text is the JSON of."""
    artifact = message.artifact
    if isinstance(artifact, Mapping) and "structured_content" in artifact:
        artifact = artifact["structured_content"]
    if artifact is not None:
        return artifact.model_dump(mode="json") if isinstance(artifact, BaseModel) else artifact
    try:
        return json.loads(message.text)
    except ValueError:
        return message.text


def _as_tool(tool: Any) -> BaseTool:
    from langchain_core.tools import BaseTool, StructuredTool

    if isinstance(tool, BaseTool):
        return tool
    if hasattr(tool, "effect"):
        raise ContractError(f"{tool.name!r} is an action already: give it as it is.")
    if not callable(tool) or isinstance(tool, type):
        raise ContractError(f"{tool!r} is no tool: give a LangChain tool or a function.")
    if not tool.__doc__:
        raise ContractError(f"The function {tool.__name__!r} has no docstring; engines read it as the description.")
    if inspect.iscoroutinefunction(tool):
        return StructuredTool.from_function(coroutine=tool)
    return StructuredTool.from_function(tool)


def _arguments(tool: BaseTool) -> type[BaseModel]:
    """The arguments that an engine may write, extra fields forbidden."""
    schema: Any = tool.tool_call_schema
    if isinstance(schema, dict):
        return model_of_schema(tool.name, schema)
    return type(tool.name, (schema,), {"model_config": ConfigDict(extra="forbid"), "__doc__": schema.__doc__})


def _sources(
    name: str, arguments: type[BaseModel], sources: Mapping[str, Source | Derived]
) -> dict[str, Source | Derived]:
    known = arguments.model_fields
    wrong = next((argument for argument in sources if argument not in known), None)
    if wrong is not None:
        raise ContractError(f"The tool {name!r} has no argument {wrong!r}: it has {', '.join(known) or 'none'}.")
    return {argument: sources.get(argument, Source.GIVEN) for argument in known}


def _invoked(
    tool: BaseTool,
    call: Call[Any],
    args: Mapping[str, Any],
    read_result: Callable[[ToolMessage, Mapping[str, Any]], Observation],
) -> Any:
    """Run the tool by itself; a coroutine where it has no other way."""
    wanted = {"name": tool.name, "args": sent_arguments(tool, args), "id": call.key, "type": "tool_call"}
    if getattr(tool, "func", tool) is None:

        async def awaited() -> Observation:
            return read_result(await tool.ainvoke(wanted), args)

        return awaited()
    return read_result(tool.invoke(wanted), args)
