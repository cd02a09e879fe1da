"""A regular expression as a GBNF expression, for arguments whose schema has a `pattern`.

Understands what patterns of argument schemas are made of: literals, classes, groups, alternatives, repetitions,
anchors at both ends. Look-around, back-references and word boundaries have no counterpart in a grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

LONGEST = 16
"""The most repetitions of `*` and `+`: decoding has to end."""
_PRINTABLE = r"[ !#-\[\]-~]"
_CATEGORIES = {"CATEGORY_DIGIT": "0-9", "CATEGORY_WORD": "0-9A-Za-z_", "CATEGORY_SPACE": " "}


class UnsupportedPattern(ValueError):
    """The pattern holds something that no grammar can say."""


def pattern(source: str) -> str:
    """The strings that `source` matches as a whole, as they stand inside JSON quotes; printable ASCII only.

    Raises:
        UnsupportedPattern: it cannot be said; what the pattern forbids must then be checked afterwards.
    """
    parser: Any = getattr(re, "_parser")  # noqa: B009 - the standard library's own reader of patterns has no public name
    try:
        return _sequence(parser.parse(source)) or '""'
    except re.error as error:
        raise UnsupportedPattern(f"the pattern {source!r} is no regular expression: {error}") from None


def _sequence(parts: Iterable[tuple[Any, Any]]) -> str:
    return " ".join(piece for kind, value in parts if (piece := _part(str(kind), value)))


def _part(kind: str, value: Any) -> str:
    match kind:
        case "LITERAL":
            return _literal(value)
        case "ANY" | "NOT_LITERAL":
            return _PRINTABLE if kind == "ANY" else _without([("LITERAL", value)])
        case "IN":
            return _class(value)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = value
            return f"({_sequence(inner)}){{{least},{min(int(most), max(least, LONGEST))}}}"
        case "SUBPATTERN":
            return "(" + (_sequence(value[-1]) or '""') + ")"
        case "BRANCH":
            return "(" + " | ".join(_sequence(branch) or '""' for branch in value[1]) + ")"
        case "AT" if str(value) in ("AT_BEGINNING", "AT_END", "AT_BEGINNING_STRING", "AT_END_STRING"):
            return ""
    raise UnsupportedPattern(f"a grammar has nothing like {kind}")


def _class(members: list[tuple[Any, Any]]) -> str:
    if str(members[0][0]) == "NEGATE":
        return _without(members[1:])
    characters = "".join(_member(str(kind), value) for kind, value in members)
    quoted = [_literal(value) for kind, value in members if str(kind) == "LITERAL" and value in (0x22, 0x5C)]
    kinds = [*([f"[{characters}]"] if characters else []), *quoted]
    return f"({' | '.join(kinds)})" if len(kinds) > 1 else kinds[0]


def _without(members: Iterable[tuple[Any, Any]]) -> str:
    """Every printable character but these; a quote and a backslash are left out too, for they need an escape."""
    left_out = {code for kind, value in members for code in _codes(str(kind), value)} | {0x22, 0x5C}
    return "[" + "".join(_escaped(code) for code in range(0x20, 0x7F) if code not in left_out) + "]"


def _member(kind: str, value: Any) -> str:
    if kind == "LITERAL":
        return "" if value in (0x22, 0x5C) else _escaped(value)
    if kind == "RANGE":
        return "".join(_escaped(code) for code in _codes(kind, value) if code not in (0x22, 0x5C))
    if kind == "CATEGORY" and str(value) in _CATEGORIES:
        return _CATEGORIES[str(value)]
    raise UnsupportedPattern(f"a grammar has nothing like {value}")


def _codes(kind: str, value: Any) -> list[int]:
    if kind == "LITERAL":
        return [value]
    if kind == "RANGE":
        return list(range(value[0], min(value[1], 0x24F) + 1))
    if kind == "CATEGORY" and str(value) in _CATEGORIES:
        inside = re.compile(f"[{_CATEGORIES[str(value)]}]")
        return [code for code in range(0x20, 0x7F) if inside.match(chr(code))]
    raise UnsupportedPattern(f"a grammar has nothing like {value}")


def _literal(code: int) -> str:
    if code in (0x22, 0x5C):
        return f'"\\\\{_escaped(code)}"'
    if code < 0x20:
        raise UnsupportedPattern(f"the control character {code} stands in no argument")
    return f'"{_escaped(code)}"'


def _escaped(code: int) -> str:
    """A character as GBNF writes it in a literal or a class."""
    return chr(code) if (chr(code).isalnum() and code < 0x7F) or code == 0x20 else f"\\U{code:08X}"
