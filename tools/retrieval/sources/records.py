"""Tables and JSON lines: each row is a section of its own, so that a citation names the row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tools.retrieval.chunks import RECORD, UNIT
from tools.retrieval.errors import RetrievalError
from tools.retrieval.sources.limits import Limits

_TEXT = ("text", "content", "body", "page_content", "passage", "answer", "description")
_TITLE = ("title", "heading", "name", "question", "subject")
_KEY = ("id", "_id", "key", "uuid", "doc_id", "chunk_id", "url")


def records_text(text: str, kind: str, limits: Limits) -> str:
    """The rows of a CSV, TSV or JSON lines file.

    Raises:
        RetrievalError: no row can be read, or there are too many. The message goes after the document's name.
    """
    rows = _json_lines(text) if kind in (".jsonl", ".ndjson") else _table(text, "\t" if kind == ".tsv" else None)
    return rows_text(rows, limits)


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
    slug = _said(given[key]) if key else f"row-{number}"
    heading = _said(given[title])[:200] if title else ""
    if body:
        rest = [name for name in given if name not in (key, title, body) and not isinstance(given[name], list | dict)]
        lines = [_said(given[body]), *(f"{name}: {_said(given[name])}" for name in rest)]
    else:
        lines = [f"{name}: {_said(value)}" for name, value in given.items()]
    return UNIT.join(part.replace(UNIT, " ").replace(RECORD, " ") for part in (slug, heading, "\n".join(lines)))


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _json_lines(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            continue
        yield row if isinstance(row, dict) else {"text": row}


def _table(text: str, delimiter: str | None) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(10_000_000)
    if delimiter is None:
        try:
            delimiter = csv.Sniffer().sniff(text[:10_000], ",;\t|").delimiter
        except csv.Error:
            delimiter = ","
    try:
        for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield {name: value for name, value in row.items() if name is not None}
    except csv.Error as error:
        raise RetrievalError(f"is no table that can be read: {error}.") from None
