"""Measures search over the shop's policies: quality on the project's own questions, and time.

python -m benchmarks.retrieval            figures of both splits at the calibrated score
python -m benchmarks.retrieval --curve    refusals and answers at other scores, development split only
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from engines.embedding import Encoder
from tools.retrieval import Retriever, open_retriever
from tools.retrieval.retriever import calibrated_minimum

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = REPOSITORY / "shop" / "policies" / "documents"
QUESTIONS = REPOSITORY / "tests" / "policies" / "questions.yaml"


@dataclass(frozen=True)
class Quality:
    """Shares of 1. `answered` and `hit` are over answerable questions, `refused` over the others."""

    hit_at_1: float
    hit_at_3: float
    answered: float
    refused: float


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--curve", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        retriever = timed_opening(Path(folder) / "index")
        for split in ("development", "test"):
            print(split, quality(retriever, load_questions(split)))
        print(f"one query: {1000 * query_seconds(retriever, load_questions('test')):.1f} ms")
        if options.curve:
            print_curve(retriever)
        retriever.close()


def load_questions(split: str) -> dict[str, Any]:
    """The questions of one split: `answerable` with their sections, and `unanswerable`."""
    questions: dict[str, Any] = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))[split]
    return questions


def quality(retriever: Retriever, questions: dict[str, Any]) -> Quality:
    """How well `retriever` does on the questions of one split."""
    found = [
        ([passage.key for passage in retriever.search(question["ask"], k=3)], set(question["sections"]))
        for question in questions["answerable"]
    ]
    refused = [not retriever.search(question) for question in questions["unanswerable"]]
    return Quality(
        hit_at_1=share([bool(gold & set(keys[:1])) for keys, gold in found]),
        hit_at_3=share([bool(gold & set(keys)) for keys, gold in found]),
        answered=share([bool(keys) for keys, _ in found]),
        refused=share(refused),
    )


def share(outcomes: Sequence[bool]) -> float:
    """Share of outcomes that are true."""
    return round(sum(outcomes) / len(outcomes), 3)


def timed_opening(index: Path) -> Retriever:
    """Print how long a first and a second opening take; return the opened retriever."""
    import tools.retrieval.opening

    del tools
    encoder = Encoder()
    for name in ("ingestion from nothing", "opening again"):
        start = time.perf_counter()
        retriever = open_retriever(index, DOCUMENTS, encoder)
        retriever.search("How long do I have to return something?")
        print(f"{name}, with a first query: {time.perf_counter() - start:.2f} s")
        if name != "opening again":
            retriever.close()
    return retriever


def query_seconds(retriever: Retriever, questions: dict[str, Any]) -> float:
    """Median time of one search, in seconds."""
    times = []
    for question in questions["answerable"]:
        start = time.perf_counter()
        retriever.search(question["ask"])
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def print_curve(retriever: Retriever) -> None:
    """What other minimum scores would do, on the development questions."""
    questions = load_questions("development")
    for step in range(25, 65, 2):
        trial = Retriever(retriever.store, retriever.encoder, minimum_score=step / 100)
        mark = " <- calibrated" if abs(calibrated_minimum() - step / 100) < 0.01 else ""
        print(f"{step / 100:.2f} {quality(trial, questions)}{mark}")


if __name__ == "__main__":
    main()
