"""Tables and JSON lines: each row is a section of its own, so that a citation names the row, and its short fields are
metadata, so that a search can be narrowed to some rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shopbot.tools.retrieval.chunks import RECORD, record
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.limits import Limits

MOST_CHARACTERS = 200
"""Longer values are text to be searched and nothing to filter by."""
SHOWN = 10
"""So many bad lines are named; the rest is counted."""
_TEXT = ("text", "content", "body", "page_content", "passage", "answer", "description")
_TITLE = ("title", "heading", "name", "question", "subject")
_KEY = ("id", "_id", "key", "uuid", "doc_id", "chunk_id", "url")


def records_text(text: str, kind: str, limits: Limits, faults: list[str]) -> str:
    """The rows of a CSV, TSV or JSON lines file.

    Args:
        faults: gets what had to be left out, by the numbers of its lines, to go after the document's name.

    Raises:
        RetrievalError: no row can be read, or there are too many. The message goes after the document's name.
    """
    if kind not in (".jsonl", ".ndjson"):
        return rows_text(_table(text, "\t" if kind == ".tsv" else None), limits)
    bad: list[str] = []
    try:
        return rows_text(_json_lines(text, bad), limits)
    finally:
        if bad:
            shown = ", ".join(bad[:SHOWN]) + (f" and {len(bad) - SHOWN:,} more" if len(bad) > SHOWN else "")
            faults.append(f"has lines that are not JSON and were left out: {shown}.")


def rows_text(rows: Iterable[Mapping[str, Any]], limits: Limits) -> str:
    """Rows as sections: under the title or the key of each, its text, or all its fields.

    Raises:
        RetrievalError: there are none or too many.
    """
    sections: list[str] = []
    for number, row in enumerate(rows, 1):
        if number > limits.rows:
            raise RetrievalError(f"has more than {limits.rows:,} rows: split it.")
        sections.append(_section(row, number))
    if not sections:
        raise RetrievalError("has no row that can be read.")
    return RECORD.join(sections)


def _section(row: Mapping[str, Any], number: int) -> str:
    given = {str(name): value for name, value in row.items() if value not in (None, "")}
    lower = {name.lower(): name for name in given}
    key = next((lower[name] for name in _KEY if name in lower), None)
    title = next((lower[name] for name in _TITLE if name in lower), None)
    body = next((lower[name] for name in _TEXT if name in lower), None)
    slug = _as_text(given[key]) if key else f"row-{number}"
    heading = _as_text(given[title])[:200] if title else ""
    if body:
        rest = [name for name in given if name not in (key, title, body) and not isinstance(given[name], list | dict)]
        lines = [_as_text(given[body]), *(f"{name}: {_as_text(given[name])}" for name in rest)]
    else:
        lines = [f"{name}: {_as_text(value)}" for name, value in given.items()]
    short = {name: value for name, value in given.items() if name != body and _is_short(value)}
    return record(slug, heading, "\n".join(lines), short)


def _is_short(value: Any) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= MOST_CHARACTERS)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _json_lines(text: str, bad: list[str]) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except RecursionError:
            bad.append(f"line {number} (nested too deeply)")
        except ValueError as error:
            bad.append(f"line {number} ({getattr(error, 'msg', error)})")
        else:
            yield row if isinstance(row, dict) else {"text": row}


def _table(text: str, delimiter: str | None) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(10_000_000)
    if delimiter is None:
        try:
            delimiter = csv.Sniffer().sniff(text[:10_000], ",;\t|").delimiter
        except csv.Error:
            delimiter = ","
    reader: Iterator[dict[Any, Any]] = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            beyond = row.pop(None, [])  # cells for which the header has no name
            yield row | {f"column {number}": cell for number, cell in enumerate(beyond, len(row) + 1)}
    except csv.Error as error:
        raise RetrievalError(f"is no table that can be read: {error}.") from None
