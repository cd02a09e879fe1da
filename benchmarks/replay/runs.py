"""Recorded runs: what the customer said, what the model said and called, what the tools answered.

One JSON object a line. Habits differ between models: several calls at once, call ids that come twice, arguments as
text, words beside a call, a last call that nobody answered.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WORD = re.compile(r"#?\w+")


@dataclass(frozen=True)
class ToolUse:
    """One call and its recorded answer; None when there is none."""

    name: str
    args: Mapping[str, Any]
    answer: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the tool answered with an error."""
        return self.answer is None or self.answer.lstrip().lower().startswith("error")


@dataclass(frozen=True)
class Said:
    """One message: whose, its words, its calls."""

    speaker: str
    text: str = ""
    calls: tuple[ToolUse, ...] = ()


@dataclass(frozen=True)
class Run:
    """One conversation. `gold` are the right calls; None where the benchmark has none. `spoken` are all words of its
    file: whatever id a call can name is among them."""

    name: str
    model: str
    messages: tuple[Said, ...]
    gold: tuple[ToolUse, ...] | None = None
    instruction: Any = None
    benchmark: str = ""
    spoken: frozenset[str] = frozenset()
    start: Mapping[str, Any] = field(default_factory=dict)


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file, gzipped or not."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return (json.loads(line) for line in content.decode("utf-8").splitlines() if line.strip())


def read_tau(file: Path) -> list[Run]:
    """Runs of tau-bench or tau2-bench."""
    return [
        Run(
            str(row.get("run", number)),
            str(row.get("model", "unknown")),
            tuple(_messages(row["messages"])),
            tuple(ToolUse(call["name"], _arguments(call)) for call in row.get("gold") or ()),
            row.get("instruction"),
            str(row.get("benchmark", "")),
            _words([row["messages"], row.get("gold")]),
        )
        for number, row in enumerate(read_lines(file))
    ]


def _words(value: Any) -> frozenset[str]:
    return frozenset(_WORD.findall(json.dumps(value, ensure_ascii=False).replace("\\n", " ")))


def _messages(rows: list[dict[str, Any]]) -> Iterator[Said]:
    for place, row in enumerate(rows):
        if row["role"] == "user":
            yield Said("customer", _text(row))
        elif row["role"] == "assistant":
            calls = row.get("calls") or row.get("tool_calls") or []
            yield Said("agent", _text(row), tuple(_answered(calls, rows[place + 1 :])))


def _answered(calls: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[ToolUse]:
    """The calls with the answers that follow at once: by id where it tells them apart, else in their order."""
    answers: list[dict[str, Any]] = []
    for row in after:
        if row["role"] != "tool":
            break
        answers.append(row)
    for call in calls:
        own = next((a for a in answers if call.get("id") and a.get("call_id") == call["id"]), None)
        own = own or (answers[0] if answers else None)
        if own is not None:
            answers.remove(own)
        yield ToolUse(call["name"], _arguments(call), _text(own) if own else None)


def _arguments(call: Mapping[str, Any]) -> dict[str, Any]:
    given = call.get("arguments", call.get("kwargs", {}))
    try:
        read = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {}


def _text(row: Mapping[str, Any]) -> str:
    content = row.get("content")
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return str(content or "")
