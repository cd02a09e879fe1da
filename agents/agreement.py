"""Mistakes of an agent's whole, found when it is made and told in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from shopbot.agents.journal import Journal
from shopbot.tools.action import Action
from shopbot.tools.agreement import check_contracts
from shopbot.tools.contract_checks import ContractError

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware
    from langchain_core.language_models import BaseChatModel


def check_agreement(
    actions: Sequence[Action], given: Iterable[str], approve: Iterable[str], hand_over: str | None
) -> None:
    """The actions fit together, and those that are referred to are there.

    Raises:
        ContractError: they do not.
    """
    names = [action.name for action in actions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ContractError(f"two actions are called {twice[0]!r}: an engine could not tell them apart, so rename one")
    unknown = [name for name in (*approve, hand_over) if name and name not in names]
    if unknown:
        raise ContractError(f"there is no action {unknown[0]!r}: name one of {', '.join(names)}")
    if hand_over:
        _check_hand_over(actions[names.index(hand_over)])
    check_contracts(actions, given)


def _check_hand_over(action: Action) -> None:
    """The agent itself can call it, without an engine that would write arguments."""
    required = [name for name, field in action.arguments.model_fields.items() if field.is_required()]
    if required:
        raise ContractError(
            f"The action {action.name!r} is to hand over and requires {required[0]!r}, which nobody would write: give "
            "its arguments defaults."
        )


def check_engine(engine: Any) -> BaseChatModel:
    """The engine, made of its spec where it is one.

    Raises:
        ContractError: it is neither a chat model nor a spec.
        EngineError: there is no such engine.
    """
    from langchain_core.language_models import BaseChatModel

    if isinstance(engine, str):
        from shopbot.engines import make_engine

        return make_engine(engine)
    if not isinstance(engine, BaseChatModel):
        raise ContractError(
            f"The engine is a {type(engine).__name__}: give a LangChain chat model, or a spec such as 'openai:MODEL'."
        )
    return engine


_BEHIND = {
    "ModelFallbackMiddleware": "answers for a failing engine itself",
    "ModelRetryMiddleware": "answers for a failing engine itself",
    "ToolErrorMiddleware": "makes an observation of every failure",
    "ToolRetryMiddleware": "makes an observation of every failure",
}
"""Middlewares that wait for a failure, and why none comes through the gate to them."""
_IN_FRONT = "HumanInTheLoopMiddleware"
"""The middleware that changes a call on its way to the tool."""


def in_order(
    gate: AgentMiddleware[Any, Any, Any],
    middleware: Sequence[AgentMiddleware[Any, Any, Any] | Literal["gate"]],
    state_schema: type[Any] | None,
) -> list[AgentMiddleware[Any, Any, Any]]:
    """The gate among the middlewares, outermost first, and one more for the fields of `state_schema`.

    Raises:
        ContractError: one stands on the wrong side of the gate.
    """
    places = list(middleware)
    place = places.index("gate") if "gate" in places else 0
    others = [each for each in places if not isinstance(each, str)]
    for each in others[:place]:
        why = next((_BEHIND[kind.__name__] for kind in type(each).__mro__ if kind.__name__ in _BEHIND), None)
        if why:
            raise ContractError(
                f"{type(each).__name__} stands in front of the gate, which {why}, and would never see one: put it "
                'behind "gate".'
            )
    for each in others[place:]:
        if any(kind.__name__ == _IN_FRONT for kind in type(each).__mro__):
            raise ContractError(
                f"{type(each).__name__} stands behind the gate, and what a person edits there passes no check: put it "
                'in front of "gate".'
            )
    return [*others[:place], gate, *others[place:], *([_with_fields(state_schema)] if state_schema else [])]


def _with_fields(schema: type[Any]) -> AgentMiddleware[Any, Any, Any]:
    from langchain.agents.middleware import AgentMiddleware

    class StateFields(AgentMiddleware[Any, Any, Any]):
        state_schema = schema

    return StateFields()


def read_result(result: Any) -> tuple[type[BaseModel] | None, bool]:
    """The schema of the answer, if it has one, and whether words will do: `Model`, `Model | str`, or None.

    Raises:
        ContractError: it is none of these.
    """
    members = get_args(result) if get_origin(result) in (Union, UnionType) else [result]
    schemas = [member for member in members if isinstance(member, type) and issubclass(member, BaseModel)]
    others = [member for member in members if member not in schemas and member not in (str, None)]
    if others or len(schemas) > 1:
        raise ContractError(
            f"The result is {result!r}: give one pydantic model, or Model | str if words will do as well."
        )
    return (schemas[0] if schemas else None), len(members) > len(schemas)


def check_journal(actions: Iterable[Action], checkpointer: Any, journal: Journal) -> None:
    """No agent remembers a conversation and forgets what it has done in it.

    Raises:
        ContractError: it would.
    """
    from langgraph.checkpoint.memory import InMemorySaver

    lasts = checkpointer not in (None, True, False) and not isinstance(checkpointer, InMemorySaver)
    writes = next((action.name for action in actions if action.effect == "write"), None)
    if writes and lasts and not journal.durable:
        raise ContractError(
            f"{type(checkpointer).__name__} keeps conversations for good, and nothing would keep that {writes!r} "
            "was done: use open_memory, one of LangGraph's SQLite or PostgreSQL savers, or give a store= or a journal= "
            "that lasts"
        )
