"""Metadata filters: what a search may be narrowed to, with one meaning for every store and for both rankings.

    {"source": "handbook/returns.md"}                       equal to
    {"heading": {"$prefix": "Returns > Fees"}}              this section and the ones below it
    {"language": "en", "price": {"$lte": 20, "$gt": 5}}     metadata of the document or row; every condition must hold

Operators: $eq $ne $in $nin $gt $gte $lt $lte, and $prefix for the heading. A chunk without a field equals nothing, so
$ne and $nin let it through and the others do not. What is written as a number ("20", "19.90") is that number and "true"
and "false" are truth values, in documents and filters alike, so a table's cell and a typed-in value meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shopbot.tools.retrieval.chunks import SEPARATOR
from shopbot.tools.retrieval.errors import RetrievalError

Plain = str | float | bool
Where = Mapping[str, Any]

BUILT_IN = ("source", "heading")
FIELD_PREFIX = "m."
"""In front of a document's own fields, so that none is taken for one of the index's."""
MOST_VALUES = 500
"""Values that $in may list; SQL databases bound the parameters of a statement."""

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,9})?")
_LISTS = ("$in", "$nin")
_COMPARED = ("$gt", "$gte", "$lt", "$lte")
_OPERATORS = ("$eq", "$ne", *_LISTS, *_COMPARED, "$prefix")


@dataclass(frozen=True)
class Condition:
    """One condition on one stored field. `values` has one value, but for `$in` and `$nin`."""

    field: str
    operator: str
    values: tuple[Plain, ...]


Conditions = tuple[Condition, ...]


def conditions(where: Where | None) -> Conditions:
    """The conditions of a filter as it is written above.

    Raises:
        RetrievalError: an operator or a value that cannot be used, by name.
    """
    return tuple(condition for name, wanted in (where or {}).items() for condition in _of_field(str(name), wanted))


def parse_where(given: Iterable[str]) -> dict[str, Any]:
    """The filter of `key=value` arguments; `heading=…` takes the sections below it too.

    A key that is given several times may have any of its values. `key>=5` and `key<=5` compare.

    Raises:
        RetrievalError: an argument of another form.
    """
    where: dict[str, Any] = {}
    for argument in given:
        found = re.fullmatch(r"([^=<>!]+?)(>=|<=|!=|=|>|<)(.*)", argument, re.DOTALL)
        if found is None:
            raise RetrievalError(f"{argument!r} is no filter: write key=value, key!=value, key>=5 or key<=5.")
        name, sign, value = found[1].strip(), found[2], found[3].strip()
        if sign == "=" and name == "heading":
            where[name] = {"$prefix": value}
        elif sign == "=":
            where.setdefault(name, {}).setdefault("$in", []).append(value)
        elif sign == "!=":
            where.setdefault(name, {}).setdefault("$nin", []).append(value)
        else:
            where.setdefault(name, {})[{">=": "$gte", "<=": "$lte", ">": "$gt", "<": "$lt"}[sign]] = value
    return where


def plain(value: Any) -> Plain | None:
    """A value as it is stored and compared; None for what cannot be filtered by (lists, nothing)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value)
    if not isinstance(value, str):
        return None
    said = value.strip().replace("\x00", "").encode("utf-8", "replace").decode()
    if said.lower() in ("true", "false"):
        return said.lower() == "true"
    return float(said) if _NUMBER.fullmatch(said) else said


def stored_fields(heading: str, metadata: Mapping[str, Any]) -> dict[str, Plain]:
    """What a store keeps of a chunk for filters: its own fields, and each heading above it by its depth."""
    kept = {FIELD_PREFIX + str(plain(str(name))): plain(value) for name, value in metadata.items()}
    fields = {name: value for name, value in kept.items() if value is not None}
    levels = heading.split(SEPARATOR)
    above = {_level(depth): SEPARATOR.join(levels[:depth]) for depth in range(1, len(levels))}
    return {**fields, **above}


def own_fields(stored: Mapping[str, Any]) -> dict[str, Plain | int]:
    """The document's own fields among what a store keeps, whole numbers as such."""
    return {
        name.removeprefix(FIELD_PREFIX): int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in stored.items()
        if name.startswith(FIELD_PREFIX)
    }


def heading_fields(path: str) -> tuple[str, str]:
    """The two stored fields of which one equals `path` in every chunk at or below that heading."""
    return "heading", _level(path.count(SEPARATOR) + 1)


def _level(depth: int) -> str:
    return f"heading.{depth}"


def _number(value: float) -> Plain | None:
    try:
        number = float(value)
    except OverflowError:
        return str(value)
    # A whole number that a float cannot hold is compared as text, and what is not a number is no value.
    if isinstance(value, int) and int(number) != value:
        return str(value)
    return number if abs(number) < float("inf") else None


def _of_field(name: str, wanted: Any) -> Iterable[Condition]:
    operators = wanted if isinstance(wanted, Mapping) else {"$eq": wanted}
    if not operators:
        raise RetrievalError(f"The filter of {name!r} is empty: give a value, or an operator with one.")
    for operator, value in operators.items():
        yield _condition(name, str(operator), value)


def _condition(name: str, operator: str, value: Any) -> Condition:
    if operator not in _OPERATORS:
        raise RetrievalError(f"{operator!r} of {name!r} is no operator of a filter: use one of {' '.join(_OPERATORS)}.")
    if operator == "$prefix" and name != "heading":
        raise RetrievalError(f"$prefix is for the heading, not for {name!r}: use $eq or $in.")
    listed = list(value) if operator in _LISTS and isinstance(value, list | tuple | set | frozenset) else [value]
    if not 1 <= len(listed) <= MOST_VALUES:
        raise RetrievalError(f"{operator} of {name!r} lists {len(listed)} values: give from 1 to {MOST_VALUES}.")
    # A source or a heading is text, even one that is written like a number.
    values = [each if name in BUILT_IN and isinstance(each, str) else plain(each) for each in listed]
    if None in values or (operator in _COMPARED and type(values[0]) is not float):
        kind = "a number" if operator in _COMPARED else "text, a number, true or false"
        raise RetrievalError(f"{operator} of {name!r} is {value!r}: it compares with {kind}.")
    field = name if name in BUILT_IN else FIELD_PREFIX + str(plain(name))
    return Condition(field, operator, tuple(each for each in values if each is not None))
