"""Facts about one argument: `order:{order_id}` in a contract is, for a call with order_id "#W1", the fact `order:#W1`.

A contract names such a fact once, and it holds of each order by itself: a return that needs `order:{order_id}` is
possible for an order that was looked at in this conversation and for no other.

An action names the facts that it observes by the same function, so that both sides spell a value alike:

    Observation("It is free.", facts={named("seat:{hall}:{row}", {"hall": hall, "row": row}): True})

A value is written as JSON has it. In a fact about several arguments the sign that follows an argument is
percent-encoded inside of values, and so is `%`: hall "A:1" and row "2" are `seat:A%3A1:2`, hall "A" and row "1:2" are
`seat:A:1%3A2`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from string import Formatter
from typing import Any

from pydantic_core import to_jsonable_python


def named(fact: str, args: Mapping[str, Any]) -> str:
    """The name of the fact that holds of these arguments, typed or as JSON; a name without braces as it is."""
    if "{" not in fact:
        return fact
    parts = list(Formatter().parse(fact))
    several = sum(field is not None for _, field, _, _ in parts) > 1
    quoted = {"%", *(literal[0] for literal, *_ in parts[1:] if literal)} if several else set()
    return "".join(
        literal + ("" if field is None else _quoted(str(to_jsonable_python(args[field])), quoted))
        for literal, field, _, _ in parts
    )


def arguments_of(fact: str) -> list[str]:
    """The names in braces.

    Raises:
        ValueError: a brace that nothing closes.
    """
    return [field for _, field, _, _ in Formatter().parse(fact) if field is not None]


def _quoted(value: str, signs: Collection[str]) -> str:
    return "".join(f"%{ord(char):02X}" if char in signs else char for char in value)


def is_instance(name: str, fact: str) -> bool:
    """Whether the established fact `name` is this one, of whatever argument."""
    head, is_about_argument, _ = fact.partition("{")
    return name.startswith(head) if is_about_argument else name == fact


def derives(need: str, cause: str, given: str, derived: str) -> bool:
    """Whether `derived`, an instance of `given`, is about the same arguments as `cause`, an instance of `need`: those
    that both name."""
    one, other = _values(need, cause), _values(given, derived)
    return all(one[name] == other[name] for name in one.keys() & other.keys())


def _values(fact: str, name: str) -> dict[str, str]:
    """The arguments of an instance, as they stand in its name."""
    parts = list(Formatter().parse(fact))
    pattern = "".join(re.escape(literal) + ("" if field is None else "(.*)") for literal, field, _, _ in parts)
    found = re.fullmatch(pattern, name, re.DOTALL)
    return dict(zip(arguments_of(fact), found.groups() if found else (), strict=False))


def instances(fact: str, facts: Iterable[str]) -> list[str]:
    """Those of `facts` that are this one, of whatever argument."""
    return [each for each in facts if is_instance(each, fact)]


def holds(fact: str, facts: Mapping[str, Any], args: Mapping[str, Any] | None = None) -> bool:
    """Whether the fact is established: of these arguments, or without any of at least one."""
    return bool(instances(fact, facts)) if args is None else named(fact, args) in facts
