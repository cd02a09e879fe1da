"""Facts about one argument: `order:{order_id}` in a contract is, for a call with order_id "#W1", the fact `order:#W1`.

A contract names such a fact once, and it holds of each order by itself: a return that needs `order:{order_id}` is
possible for an order that was looked at in this conversation and for no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def named(fact: str, args: Mapping[str, Any]) -> str:
    """The name of the fact that holds of these arguments; a name without braces as it is."""
    return fact.format_map(args) if "{" in fact else fact


def instances(fact: str, facts: Iterable[str]) -> list[str]:
    """Those of `facts` that are this one, of whatever argument."""
    head, is_about_argument, _ = fact.partition("{")
    return [each for each in facts if (each.startswith(head) if is_about_argument else each == fact)]


def holds(fact: str, facts: Mapping[str, Any], args: Mapping[str, Any] | None = None) -> bool:
    """Whether the fact is established: of these arguments, or without any of at least one."""
    return bool(instances(fact, facts)) if args is None else named(fact, args) in facts
