"""Text as it stands in a grammar: one literal, or one of many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import takewhile
from typing import Any


def literal(value: Any) -> str:
    """A JSON value, written in the one way that the grammar allows."""
    return quoted(json.dumps(value, ensure_ascii=False))


def one_of(texts: Sequence[str]) -> str:
    """The expression of any of the texts; what many begin with is written once, so that few alternatives stay open."""
    grouped: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        grouped.setdefault(text[:1], []).append(text)
    return " | ".join(_branch(group) for group in grouped.values()) or '""'


def _branch(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return quoted(texts[0])
    shared = _shared_beginning(texts)
    return f"{quoted(shared)} ({one_of([text[len(shared) :] for text in texts])})"


def _shared_beginning(texts: Sequence[str]) -> str:
    columns = zip(*texts, strict=False)
    return "".join(column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns))


def quoted(text: str) -> str:
    """Text as a GBNF literal."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in plain.replace("\r", "\\r")) + '"'
