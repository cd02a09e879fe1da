"""Two public retrieval sets, as chunks and gold answers.

- `codebase_retrieval`: 737 chunks of 90 code files and 248 questions with their chunks, anthropics/claude-cookbooks
  (MIT), folder `capabilities/contextual-embeddings/data`.
- `chunking_evaluation`: 5 documents and 472 questions with the character offsets of their answers, from
  brandonstarxel/chunking_evaluation (MIT).

They are read from the folder SHOPBOT_EXTERNAL_DATA (default ../shared/data) and are no part of this project.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopbot.tools.retrieval.chunks import Chunk

FOLDER = Path(os.environ.get("SHOPBOT_EXTERNAL_DATA", "../shared/data"))


@dataclass(frozen=True)
class CodeQuestion:
    """A question about the code and the keys of the chunks that answer it."""

    ask: str
    gold: frozenset[str]


@dataclass(frozen=True)
class SpanQuestion:
    """A question and the texts that answer it, by their offsets in a document."""

    ask: str
    document: str
    spans: tuple[tuple[int, int], ...]


def code_chunks() -> list[Chunk]:
    """The chunks of the code set as they are given, under the first line of their file for a header."""
    files = json.loads((FOLDER / "codebase_retrieval/codebase_chunks.json").read_text(encoding="utf-8"))
    return [
        Chunk(f"{file['original_uuid']}#{chunk['original_index']}", file["doc_id"], _header(file), chunk["content"])
        for file in files
        for chunk in file["chunks"]
    ]


def code_questions() -> list[CodeQuestion]:
    """The questions of the code set."""
    lines = (FOLDER / "codebase_retrieval/evaluation_set.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        CodeQuestion(row["query"], frozenset(f"{uuid}#{index}" for uuid, index in row["golden_chunk_uuids"]))
        for row in map(json.loads, lines)
    ]


def corpora() -> dict[str, str]:
    """The documents of the chunking set by name."""
    files = sorted((FOLDER / "chunking_evaluation/corpora").glob("*.md"))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def span_questions() -> list[SpanQuestion]:
    """The questions of the chunking set."""
    with (FOLDER / "chunking_evaluation/questions_df.csv").open(encoding="utf-8", newline="") as file:
        return [SpanQuestion(row["question"], row["corpus_id"], _spans(row)) for row in csv.DictReader(file)]


def _header(file: dict[str, Any]) -> str:
    lines: Sequence[str] = str(file["chunks"][0]["content"]).split("\n")
    return next((line.strip()[:120] for line in lines if line.strip()), "")


def _spans(row: dict[str, str]) -> tuple[tuple[int, int], ...]:
    return tuple((span["start_index"], span["end_index"]) for span in json.loads(row["references"]))
