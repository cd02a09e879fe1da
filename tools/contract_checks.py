"""Mistakes in the contract of one action, found when it is made and told in a sentence."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from shopbot.errors import AgentError
from shopbot.tools.facts import arguments_of

EFFECTS = ("read", "write")


class ContractError(AgentError, TypeError, ValueError):
    """A contract that cannot be kept, or contracts that do not fit together."""


def check_terms(name: str, needs: Any, gives: Any, effect: Any) -> None:
    """Facts are listed, and the effect is one of two.

    Raises:
        ContractError: they are not.
    """
    for term, facts in (("needs", needs), ("gives", gives)):
        if isinstance(facts, str):
            raise ContractError(f"The action {name!r} has {term}={facts!r}, a text: list it, {term}=({facts!r},).")
        wrong = [fact for fact in facts if not isinstance(fact, str)]
        if wrong:
            raise ContractError(f"The action {name!r} has {wrong[0]!r} in {term}: facts are named by texts.")
    if effect not in EFFECTS:
        raise ContractError(f"The action {name!r} has effect={effect!r}: it is either 'read' or 'write'.")


def check_arguments(name: str, facts: Iterable[str], arguments: Collection[str]) -> None:
    """Facts about arguments are about arguments of this action.

    Raises:
        ContractError: a name in braces is none.
    """
    for fact in facts:
        try:
            wrong = next((each for each in arguments_of(fact) if each not in arguments), None)
        except ValueError as error:
            raise ContractError(f"The action {name!r} has the fact {fact!r}: {error}.") from None
        if wrong is not None:
            known = ", ".join(arguments) or "none"
            raise ContractError(f"The action {name!r} has the fact {fact!r} and no argument {wrong!r}: it has {known}.")


def check_tries(name: str, tries: int, *, may_repeat: bool) -> None:
    """Only what has no second effect is tried again.

    Raises:
        ContractError: it is not so.
    """
    if tries < 1:
        raise ContractError(f"The action {name!r} has tries={tries}: it is run once at least.")
    if tries > 1 and not may_repeat:
        raise ContractError(
            f"The action {name!r} writes and has tries={tries}: a write that failed may have been done. Say "
            "idempotent=True if doing it twice with the same call.key has no second effect."
        )


def check_rules(name: str, rules: Iterable[Callable[..., Any]]) -> None:
    """Rules answer at once.

    Raises:
        ContractError: one is an `async def`.
    """
    waiting = [getattr(rule, "__name__", str(rule)) for rule in rules if inspect.iscoroutinefunction(rule)]
    if waiting:
        raise ContractError(f"action {name!r}: the rule {waiting[0]!r} is an async function: make it a plain one")


def check_function(function: Callable[..., Any], call: type, observation: type, scope: dict[str, Any]) -> None:
    """The function is described, takes the call first and returns an observation.

    Raises:
        ContractError: it does not.
    """
    name = function.__name__
    if not function.__doc__:
        raise ContractError(f"action {name!r} has no docstring; engines read it as the description")
    hints = get_type_hints(function, localns=scope)
    parameters = list(inspect.signature(function).parameters)
    first = hints.get(parameters[0], call) if parameters else None
    if (get_origin(first) or first) not in (call, Any):
        found = f"its first parameter is {parameters[0]!r}" if parameters else "it has no parameter"
        raise ContractError(f"The action {name!r} does not take the call ({found}): begin with `call: Call[Any]`.")
    returned = hints.get("return", observation)
    if not _can_be_told(returned, observation):
        shown = getattr(returned, "__name__", str(returned))
        raise ContractError(f"The action {name!r} returns {shown}: return an Observation, or its text.")


def _can_be_told(hint: Any, observation: type) -> bool:
    if hint in (str, Any, None, NoneType):
        return True
    if get_origin(hint) in (Awaitable, Coroutine):
        return _can_be_told(get_args(hint)[-1], observation)
    if get_origin(hint) in (Annotated, Union, UnionType):
        members = get_args(hint)[:1] if get_origin(hint) is Annotated else get_args(hint)
        return all(_can_be_told(member, observation) for member in members)
    return not isinstance(hint, type) or issubclass(hint, observation)
