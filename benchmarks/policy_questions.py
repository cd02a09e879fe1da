"""The project's own questions about the shop's policies, and how well search does on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shopbot.tools.retrieval import Retriever

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = REPOSITORY / "shop" / "policies" / "documents"
QUESTIONS = {
    "development": REPOSITORY / "tests" / "policies" / "questions.yaml",
    "test": REPOSITORY / "tests" / "policies" / "frozen_questions.yaml",
}


@dataclass(frozen=True)
class Quality:
    """Shares of 1. `answered`, `hit` and `found` are over answerable questions, `refused` over the others.

    A question that is refused counts as missed in `hit`; `found` looks at the ranking alone.
    """

    hit_at_1: float
    hit_at_3: float
    found_at_3: float
    answered: float
    refused: float


def load_questions(split: str) -> dict[str, Any]:
    """The questions of `development` or `test`: `answerable` with their sections, and `unanswerable`."""
    questions: dict[str, Any] = yaml.safe_load(QUESTIONS[split].read_text(encoding="utf-8"))
    return questions


def quality(retriever: Retriever, questions: dict[str, Any]) -> Quality:
    """How well `retriever` does on the questions of one split."""
    found = [(retriever.search(each["ask"], k=3), set(each["sections"])) for each in questions["answerable"]]
    keys = [([passage.key for passage in passages], gold) for passages, gold in found]
    ranked = [
        bool({passage.key for passage in retriever.find(each["ask"], 3).passages} & set(each["sections"]))
        for each in questions["answerable"]
    ]
    return Quality(
        hit_at_1=share([bool(gold & set(held[:1])) for held, gold in keys]),
        hit_at_3=share([bool(gold & set(held)) for held, gold in keys]),
        found_at_3=share(ranked),
        answered=share([bool(held) for held, _ in keys]),
        refused=share([not retriever.search(question) for question in questions["unanswerable"]]),
    )


def share(outcomes: Sequence[bool]) -> float:
    """Share of outcomes that are true."""
    return round(sum(outcomes) / len(outcomes), 3)
