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
class Choice:
    """One of several runs of nodes."""

    options: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Slot:
    """A value, by the name of its slot."""

    name: str


Node = str | Choice | Slot


def expand(template: str, rng: random.Random, fill: Fill) -> list[Piece]:
    """One random reading of a template; `fill` turns a slot's name into pieces."""
    return _filled(_drawn(parse(template), rng), rng, fill)


def expand_unless(template: str, rng: random.Random, fill: Fill, unwanted: Callable[[str], bool]) -> list[Piece] | None:
    """A random reading that is not `unwanted`, told with its slots as `<name>`; None when twenty draws were."""
    for _ in range(20):
        drawn = _drawn(parse(template), rng)
        if not unwanted("".join(f"<{each.name}>" if isinstance(each, Slot) else each for each in drawn)):
            return _filled(drawn, rng, fill)
    return None


@cache
def parse(template: str) -> tuple[Node, ...]:
    """Parse a template. Raises ValueError, naming the template, when brackets do not match."""
    nodes, end = _parse_until(template, 0, "")
    if end != len(template):
        raise ValueError(f"unmatched {template[end]!r} in phrase {template!r}")
    return nodes


def _parse_until(template: str, start: int, stops: str) -> tuple[tuple[Node, ...], int]:
    nodes: list[Node] = []
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


def _parse_bracket(template: str, at: int) -> tuple[Node, int]:
    opening = template[at]
    closing = {"(": ")", "[": "]", "{": "}"}[opening]
    if opening == "{":
        end = template.find(closing, at)
        if end < 0:
            raise ValueError(f"no closing {closing!r} in phrase {template!r}")
        return Slot(template[at + 1 : end]), end + 1
    options: list[tuple[Node, ...]] = [()] if opening == "[" else []
    while True:
        nodes, at = _parse_until(template, at + 1, "|" + closing)
        options.append(nodes)
        if at >= len(template):
            raise ValueError(f"no closing {closing!r} in phrase {template!r}")
        if template[at] == closing:
            return Choice(tuple(options)), at + 1


def _drawn(nodes: tuple[Node, ...], rng: random.Random) -> list[str | Slot]:
    """Text and slots, one option of each choice."""
    drawn: list[str | Slot] = []
    for node in nodes:
        drawn += _drawn(rng.choice(node.options), rng) if isinstance(node, Choice) else [node]
    return drawn


def _filled(drawn: list[str | Slot], rng: random.Random, fill: Fill) -> list[Piece]:
    pieces: list[Piece] = []
    for each in drawn:
        pieces += fill(each.name, rng) if isinstance(each, Slot) else [Piece(each)]
    return pieces
