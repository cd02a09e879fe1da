"""Do the contracts of an agent's actions fit together? Found when it is made, and told in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from shopbot.prompts import exists, load_text
from shopbot.tools.action import Action
from shopbot.tools.contract_checks import ContractError
from shopbot.tools.question import is_inline, names_in

_ASKED_WITH = ("args", "facts", "again", "deed")
_INLINE_WITH = ("args", "facts")


def check_contracts(actions: Sequence[Action], given: Iterable[str] = ()) -> None:
    """Every action can be reached, and every question can be asked; `given`: facts that are there without an action.

    Raises:
        ContractError: something can never happen; the message names what is in the way.
    """
    check_kinds(actions)
    for action in actions:
        if action.confirm:
            _check_question(action, {*given, *(fact for each in actions for fact in each.gives)})
    _check_reachable(actions, frozenset(given))


def check_kinds(actions: Iterable[Any]) -> None:
    """Each is an action.

    Raises:
        ContractError: one is not; the message says how to make one of it.
    """
    for each in actions:
        if isinstance(each, Action):
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
    from jinja2 import Environment, nodes

    environment = Environment(autoescape=True)
    tree = environment.parse(text)
    named = list(tree.find_all(nodes.Name))
    own = {name.name for name in named if name.ctx != "load"} | {*environment.globals, "loop"}
    yield from ((name, "") for name in sorted({name.name for name in named} - own))
    methods = set(dir(dict))
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name not in own and node.attr not in methods:
            yield node.node.name, node.attr
