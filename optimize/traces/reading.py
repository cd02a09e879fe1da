"""Recorded decisions from a file, whatever wrote it, and their split by conversation.

A bad line is reported by its number and left out; the rest is read. Standard library only.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shopbot.engines.recording.trace_format import AllowedAction, Trace, TraceError, from_line
from shopbot.optimize.traces import star


@dataclass(frozen=True)
class Recorded:
    """What a file holds: the traces, one sentence for each line that is none, and how many were refused."""

    traces: list[Trace]
    faults: list[str]
    refused: int = 0


def read_decisions(path: Path) -> Recorded:
    """The decisions of a file of JSON lines, plain or `.gz`: traces, or rows of STAR.

    A choice that was refused is left out and counted: it is nothing to learn from, nor to be measured by.

    Raises:
        TraceError: the file cannot be read, or holds no decision at all.
    """
    traces: list[Trace] = []
    rows: list[tuple[int, dict[str, Any]]] = []
    faults: list[str] = []
    shared: dict[str, tuple[AllowedAction, ...]] = {}
    for number, line in enumerate(_lines(path), start=1):
        try:
            row = json.loads(line)
            if isinstance(row, dict) and set(row) >= star.FIELDS:
                rows.append((number, row))
                star.check(number, row)
            else:
                traces.append(_sharing(from_line(line), json.dumps(row.get("allowed")), shared))
        except (TraceError, ValueError) as error:
            faults.append(f"{path}, line {number}: {error}")
            if rows and rows[-1][0] == number:
                rows.pop()
    traces += star.from_star(rows)
    sound = [trace for trace in traces if trace.outcome != "refused"]
    if not sound:
        why = faults[0] if faults else "each was refused" if traces else "it is empty"
        raise TraceError(f"{path} holds no decision to learn from: {why}.")
    return Recorded(sound, faults, refused=len(traces) - len(sound))


def split(traces: Sequence[Trace], share: float, seed: int = 0) -> tuple[list[Trace], list[Trace]]:
    """Part the traces in two by conversation: about 1 - `share` of the conversations, and the others.

    A conversation's part depends on its name and the seed alone, so that it stays when others are added. No
    conversation has rows on both sides.
    """
    away = [_fraction(trace.conversation, seed) < share for trace in traces]
    kept = [trace for trace, goes in zip(traces, away, strict=True) if not goes]
    return kept, [trace for trace, goes in zip(traces, away, strict=True) if goes]


def actions_of(traces: Iterable[Trace]) -> list[str]:
    """The names of all actions that were chosen, sorted; "" stands for a plain reply."""
    return sorted({trace.choice or "" for trace in traces})


def _sharing(trace: Trace, written: str, shared: dict[str, tuple[AllowedAction, ...]]) -> Trace:
    """The trace with the allowed actions of another that has the same: most of a file is their schemas, repeated."""
    return replace(trace, allowed=shared.setdefault(written, trace.allowed))


def _fraction(name: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        return [line for line in content.decode("utf-8").splitlines() if line.strip()]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise TraceError(f"{path} cannot be read ({error}): give a file of JSON lines, plain or .gz.") from None
