"""The little language of the phrase files: `(a|b)` one of, `[a]` or nothing, `{slot}` a value; they nest.

Expansion gives pieces, each with the span kind it carries, so that spans survive any rewriting of the text.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Piece:
    """A run of text; `kind` names the span it forms, or is None."""

    text: str
    kind: str | None = None


Fill = Callable[[str, random.Random], list[Piece]]


@dataclass(frozen=True)
class _Choice:
    options: tuple[tuple[_Node, ...], ...]


@dataclass(frozen=True)
class _Slot:
    name: str


_Node = str | _Choice | _Slot


def expand(template: str, rng: random.Random, fill: Fill) -> list[Piece]:
    """One random reading of a template; `fill` turns a slot's name into pieces."""
    return _render(parse(template), rng, fill)


@cache
def parse(template: str) -> tuple[_Node, ...]:
    """Parse a template. Raises ValueError, naming the template, when brackets do not match."""
    nodes, end = _parse_until(template, 0, "")
    if end != len(template):
        raise ValueError(f"unmatched {template[end]!r} in phrase {template!r}")
    return nodes


def _parse_until(template: str, start: int, stops: str) -> tuple[tuple[_Node, ...], int]:
    nodes: list[_Node] = []
    text, at = "", start
    while at < len(template) and template[at] not in (stops or ")]"):
        if template[at] not in "([{":
            text, at = text + template[at], at + 1
            continue
        if text:
            nodes.append(text)
            text = ""
        node, at = _parse_bracket(template, at)
        nodes.append(node)
    return ((*nodes, text) if text else tuple(nodes)), at


def _parse_bracket(template: str, at: int) -> tuple[_Node, int]:
    opening = template[at]
    closing = {"(": ")", "[": "]", "{": "}"}[opening]
    if opening == "{":
        end = template.find(closing, at)
        if end < 0:
            raise ValueError(f"no closing {closing!r} in phrase {template!r}")
        return _Slot(template[at + 1 : end]), end + 1
    options: list[tuple[_Node, ...]] = [()] if opening == "[" else []
    while True:
        nodes, at = _parse_until(template, at + 1, "|" + closing)
        options.append(nodes)
        if at >= len(template):
            raise ValueError(f"no closing {closing!r} in phrase {template!r}")
        if template[at] == closing:
            return _Choice(tuple(options)), at + 1


def _render(nodes: tuple[_Node, ...], rng: random.Random, fill: Fill) -> list[Piece]:
    pieces: list[Piece] = []
    for node in nodes:
        if isinstance(node, str):
            pieces.append(Piece(node))
        elif isinstance(node, _Slot):
            pieces.extend(fill(node.name, rng))
        else:
            pieces.extend(_render(rng.choice(node.options), rng, fill))
    return pieces
