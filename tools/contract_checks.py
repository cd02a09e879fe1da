"""Mistakes in contracts, found when an agent is made and told in a sentence: in one action, and in several together."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

from shopbot.errors import AgentError
from shopbot.prompts import exists, load_text
from shopbot.tools.question import is_inline, names_in

if TYPE_CHECKING:
    from shopbot.tools.action import Action

EFFECTS = ("read", "write")
_ASKED_WITH = ("args", "facts", "again", "deed")
_INLINE_WITH = ("args", "facts")


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


def check_contracts(actions: Sequence[Action], given: Iterable[str] = ()) -> None:
    """Every action can be reached, and every question can be asked; `given`: facts that are there without an action.

    Raises:
        ContractError: something can never happen; the message names what is in the way.
    """
    check_kinds(actions)
    _check_reachable(actions, frozenset(given))
    for action in actions:
        if action.confirm:
            _check_question(action, {*given, *(fact for each in actions for fact in each.gives)})


def check_kinds(actions: Iterable[Any]) -> None:
    """Each is an action.

    Raises:
        ContractError: one is not; the message says how to make one of it.
    """
    for each in actions:
        if hasattr(each, "effect") and hasattr(each, "arguments"):
            continue
        if isinstance(each, str):
            raise ContractError(f"{each!r} is a text where an action belongs: give the action itself.")
        name = getattr(each, "name", None) or getattr(each, "__name__", repr(each))
        how = "Action.from_tool(...)" if hasattr(each, "args_schema") else "the decorator @action(...)"
        raise ContractError(
            f"{name!r} is a {type(each).__name__} and has no contract: make an action of it with {how}."
        )


def _check_reachable(actions: Sequence[Action], given: frozenset[str]) -> None:
    left, there = _out_of_reach(actions, given)
    if not left:
        return
    goal = next((f", so the goal {action.name!r} cannot be reached" for action in left if action.goal), "")
    known = sorted(given.union(*(action.gives for action in actions)))
    for action in left:
        for need in action.needs:
            if need not in known:
                near = get_close_matches(need, known, 1)
                hint = f"did you mean {near[0]!r}? Else " if near else ""
                raise ContractError(
                    f"The action {action.name!r} needs {need!r}, which no action gives{goal}: {hint}add {need!r} to "
                    "the gives of the action that establishes it, or to given= if the state brings it."
                )
    circle = _circle(left, there)
    raise ContractError(
        f"The actions {' -> '.join([*circle, circle[0]])} each need what only the next one gives{goal}: let one of "
        "them begin without it, or name the fact in given= if the state brings it."
    )


def _out_of_reach(actions: Sequence[Action], given: frozenset[str]) -> tuple[list[Action], set[str]]:
    """The actions that can never be allowed, and every fact that can ever hold."""
    there, left = set(given), list(actions)
    while ready := [action for action in left if there.issuperset(action.needs)]:
        there.update(fact for action in ready for fact in action.gives)
        left = [action for action in left if action not in ready]
    return left, there


def _circle(left: Sequence[Action], there: set[str]) -> list[str]:
    """Actions of which each needs what the next one gives, and the last what the first one gives."""
    path = [left[0]]
    while True:
        need = next(need for need in path[-1].needs if need not in there)
        giver = next(action for action in left if need in action.gives)
        if giver in path:
            return [action.name for action in path[path.index(giver) :]]
        path.append(giver)


def _check_question(action: Action, facts: set[str]) -> None:
    """The question's template is there, and refers to nothing that is not."""
    confirm = str(action.confirm)
    if not is_inline(confirm) and not exists(f"confirm/{confirm}.j2"):
        raise ContractError(
            f"the action {action.name!r} asks the customer with confirm/{confirm}.j2, which is in no "
            "prompts folder: write it and name its folder with prompts.add_prompts"
        )
    there = {"args": set(action.arguments.model_fields), "facts": facts}
    allowed = _INLINE_WITH if is_inline(confirm) else _ASKED_WITH
    for origin, name in _references(action.name, confirm):
        shown = f"{origin}.{name}" if name else origin
        if origin not in allowed:
            raise ContractError(
                f"The question of {action.name!r} refers to {shown!r}: there are {', '.join(allowed)}, as in "
                f"args.{next(iter(sorted(there['args'])), 'name')}."
            )
        if name and name not in there.get(origin, {name}):
            known = ", ".join(sorted(there[origin])) or "none"
            raise ContractError(f"The question of {action.name!r} refers to {shown!r}: the {origin} are {known}.")


def _references(name: str, confirm: str) -> Iterator[tuple[str, str]]:
    """What a question refers to: (variable, its attribute or "")."""
    if not is_inline(confirm):
        yield from _template_references(load_text(f"confirm/{confirm}.j2"))
        return
    try:
        yield from list(names_in(confirm))
    except ValueError as error:
        raise ContractError(f"The question of {name!r} cannot be read ({error}): write {{args.name}}.") from None


def _template_references(text: str) -> Iterator[tuple[str, str]]:
    from jinja2 import Environment, meta, nodes

    tree = Environment(autoescape=True).parse(text)
    undeclared = meta.find_undeclared_variables(tree)
    yield from ((name, "") for name in sorted(undeclared))
    methods = set(dir(dict))
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name in undeclared and node.attr not in methods:
            yield node.node.name, node.attr
