"""Records of a JSON file, in memory: what the examples over a benchmark's database have in common."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from shopbot.tools import ActionError

Record = dict[str, Any]


def read_json(file: Path) -> Record:
    """The object in a JSON file, gzipped or not."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    read: Record = json.loads(content)
    return read


def found(records: Record, key: str, kind: str) -> Record:
    """The record of that key. Raises `ActionError`, a sentence for the engine, when there is none."""
    if key not in records:
        raise ActionError(f"{kind} not found: there is no {key!r}.")
    record: Record = records[key]
    return record
