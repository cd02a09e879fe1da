"""Fits the refusal of search (`tools/retrieval/calibration.yaml`) on the development questions, and on those alone.

python -m benchmarks.calibrate_refusal

The minimum lies half way between the highest that still answers .97 of the questions that have an answer and the lowest
that refuses .92 of the others, each question judged by a model that was fitted without it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.policy_questions import DOCUMENTS, load_questions
from engines.embedding import Encoder
from optimize.logistic import Logistic, fit_logistic
from tools.retrieval import Retriever, open_retriever
from tools.retrieval.confidence import CALIBRATION
from tools.retrieval.documents import QUESTIONS_FILE, UNANSWERED_FILE, read_unanswered
from tools.retrieval.vector_cache import CACHE_FILE, CachedEncoder

ANSWERED, REFUSED = 0.97, 0.92
UNANSWERED = read_unanswered(DOCUMENTS / UNANSWERED_FILE)
CACHED = CachedEncoder(Encoder(), DOCUMENTS / CACHE_FILE)
HEAD = """# Written by `python -m benchmarks.calibrate_refusal` from the development questions of
# tests/policies/questions.yaml.
# Weights of: cosine of the nearest passage, mean cosine of the ten nearest, share of the question's words found, number
# of its words, nearness to questions without an answer (unanswered.yaml). `guided` is for documents with questions.yaml
# and unanswered.yaml beside them, `unguided` for others. `minimum` is the least confidence that counts
# as an answer: raise it to refuse more.
"""


def main() -> None:
    """Fit both models and write them."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare"
        shutil.copytree(DOCUMENTS, bare, ignore=shutil.ignore_patterns(QUESTIONS_FILE, UNANSWERED_FILE))
        fitted = {
            "guided": fit(open_retriever(Path(folder) / "with", DOCUMENTS)),
            "unguided": fit(open_retriever(Path(folder) / "without", bare)),
        }
    CALIBRATION.write_text(HEAD + yaml.safe_dump(fitted, sort_keys=False, default_flow_style=None), encoding="utf-8")


def fit(retriever: Retriever) -> Mapping[str, Any]:
    """The calibration of one index."""
    questions = load_questions("development")
    asked = [each["ask"] for each in questions["answerable"]] + list(questions["unanswerable"])
    answers = np.array([True] * len(questions["answerable"]) + [False] * len(questions["unanswerable"]))
    signals = np.array([astuple(without(retriever, question).find(question, 3).signals) for question in asked])
    retriever.close()
    model = fit_logistic(signals, answers)
    minimum = best_minimum(crossed(signals, answers), answers)
    guess = model.probabilities(signals)
    print(f"minimum {minimum:.3f}: answered {(guess >= minimum)[answers].mean():.3f}, ", end="")
    print(f"refused {(guess < minimum)[~answers].mean():.3f} of the development questions")
    return {
        "weights": [round(weight, 4) for weight in model.weights],
        "intercept": round(model.intercept, 4),
        "minimum": round(minimum, 3),
    }


def without(retriever: Retriever, question: str) -> Retriever:
    """The same search, ignorant of `question` itself among those that are known to have no answer."""
    kept = [each for each in UNANSWERED if each != question] if len(retriever.unanswered) else []
    return Retriever(retriever.store, retriever.encoder, unanswered=CACHED.encode(kept))


def crossed(signals: NDArray[np.float64], answers: NDArray[np.bool_], folds: int = 20) -> NDArray[np.float64]:
    """The probability of each question from a model that was fitted without it."""
    fold = np.arange(len(answers)) % folds
    guess = np.zeros(len(answers))
    for number in range(folds):
        model: Logistic = fit_logistic(signals[fold != number], answers[fold != number])
        guess[fold == number] = model.probabilities(signals[fold == number])
    return guess


def best_minimum(guess: NDArray[np.float64], answers: NDArray[np.bool_]) -> float:
    """Half way between what answering asks for and what refusing asks for."""
    return float((np.quantile(guess[answers], 1 - ANSWERED) + np.quantile(guess[~answers], REFUSED)) / 2)


if __name__ == "__main__":
    main()
