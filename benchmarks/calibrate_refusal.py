"""Fits the refusal of search (`tools/retrieval/calibration.yaml`), and shows how it does on questions kept back.

    python -m benchmarks.calibrate_refusal [SET ...]

It is to be run after a change of the encoder, of the documents or of their sample questions; the sets are the
collections for `unguided`, all by default, each with the questions of all.

`guided` (documents with sample questions) is fitted on the sample questions themselves, each left out in turn
(`left_out`), and shown on the development questions; the minimum is the lowest that refuses .91 of the questions that
have no answer, each judged by a model that was fitted without it. `unguided` (any other documents) is fitted on half of
the questions of `refusal_sets` and judged on the other half; its minimum refuses .015 of those that have an answer.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.external_sets import FOLDER
from benchmarks.left_out import LeftOut
from benchmarks.policy_questions import DOCUMENTS, load_questions
from benchmarks.refusal_sets import collections, halves
from shopbot.optimize.logistic import Logistic, fit_logistic
from shopbot.tools.retrieval import Retriever, open_retriever
from shopbot.tools.retrieval.documents import UNANSWERED_FILE, read_unanswered
from shopbot.tools.retrieval.refusal import CALIBRATION, Calibration

Rows = NDArray[np.float64]
Marks = NDArray[np.bool_]

REFUSED, LOST = 0.91, 0.015
FOLDS = 20
HEAD = """# Written by `python -m benchmarks.calibrate_refusal`.
# Weights of: cosine of the nearest passage, evidence of the best one, share of the question's words found, the most of
# them in one heading, resemblance to questions with an answer rather than none. `guided` is for documents with
# questions.yaml and unanswered.yaml beside them, `unguided` for others. `minimum` is the least confidence that counts
# as an answer: raise it to refuse more.
"""


def main() -> None:
    """Fit both models and write them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", help="names of collections; all by default")
    chosen = parser.parse_args().sets
    with tempfile.TemporaryDirectory() as folder:
        fitted = {"guided": guided(Path(folder) / "with"), "unguided": unguided(chosen)}
    CALIBRATION.write_text(HEAD + yaml.safe_dump(fitted, sort_keys=False, default_flow_style=None), encoding="utf-8")


def guided(index: Path) -> dict[str, Any]:
    """The calibration for the policies with their sample questions."""
    fitted = fit("guided, left out", *LeftOut().signals())
    retriever, questions = open_retriever(index, DOCUMENTS), load_questions("development")
    known = set(read_unanswered(DOCUMENTS / UNANSWERED_FILE))
    yes = [each["ask"] for each in questions["answerable"]]
    no = [question for question in questions["unanswerable"] if question not in known]
    judge("guided, development", fitted, _signals(retriever, [*yes, *no]), _marks(yes, no))
    retriever.close()
    return fitted


def unguided(chosen: Sequence[str]) -> dict[str, Any]:
    """The calibration for documents without sample questions; the present one where the public sets are missing."""
    if not FOLDER.is_dir():
        print(f"There is no {FOLDER}: the calibration of other documents stays as it is.")
        held: dict[str, Any] = yaml.safe_load(CALIBRATION.read_text(encoding="utf-8"))["unguided"]
        return held
    fitting: list[tuple[Rows, Marks]] = []
    judging: dict[str, tuple[Rows, dict[str, Rows]]] = {}
    for each in collections(chosen):
        yes, yes_kept = halves(each.answered)
        divided = {name: halves(questions) for name, questions in each.unanswered.items()}
        no = [question for fitted, _ in divided.values() for question in fitted]
        fitting.append((_signals(each.retriever, [*yes, *no]), _marks(yes, no)))
        kept = {name: _signals(each.retriever, asked) for name, (_, asked) in divided.items()}
        judging[each.name] = _signals(each.retriever, yes_kept), kept
    rows, marks = (np.concatenate(parts) for parts in zip(*fitting, strict=True))
    fitted = fit("unguided, all", rows, marks, lost=LOST)
    show_matrix(fitted, judging)
    return fitted


def show_matrix(fitted: dict[str, Any], judging: dict[str, tuple[Rows, dict[str, Rows]]]) -> None:
    """Print, for every collection, the share refused of its own questions and of those of every other set."""
    model = Calibration.model_validate(fitted)

    def refused(rows: Rows) -> float:
        return float((Logistic(model.weights, model.intercept).probabilities(rows) < model.minimum).mean())

    table = Table("refused", "own", "others", *judging)
    for name, (own, others) in judging.items():
        of = {other: refused(rows) for other, rows in others.items()}
        shares = [f"{of[other]:.2f}" if other in of else "" for other in judging]
        table.add_row(name, f"{refused(own):.3f}", f"{np.mean(list(of.values())):.3f}", *shares)
    Console(width=120).print(table)


def fit(name: str, rows: Rows, answers: Marks, lost: float | None = None) -> dict[str, Any]:
    """The calibration of signals, one row a question.

    Args:
        lost: share of the answered questions that the minimum may refuse; by default it goes by the others.
    """
    model = fit_logistic(rows, answers)
    guess = crossed(rows, answers)
    minimum = float(np.quantile(guess[~answers], REFUSED) if lost is None else np.quantile(guess[answers], lost))
    show(name, guess, answers, minimum)
    return {
        "weights": [round(weight, 4) for weight in model.weights],
        "intercept": round(model.intercept, 4),
        "minimum": round(minimum, 3),
    }


def judge(name: str, fitted: dict[str, Any], rows: Rows, answers: Marks) -> None:
    """Print how a calibration does on signals that it was not fitted on."""
    model = Calibration.model_validate(fitted)
    show(name, Logistic(model.weights, model.intercept).probabilities(rows), answers, model.minimum)


def show(name: str, guess: Rows, answers: Marks, minimum: float) -> None:
    """Print how many questions of either kind are judged rightly."""
    print(
        f"{name:<40} answered {(guess >= minimum)[answers].mean():.3f} of {answers.sum()}, "
        f"refused {(guess < minimum)[~answers].mean():.3f} of {(~answers).sum()}, minimum {minimum:.3f}"
    )


def crossed(rows: Rows, answers: Marks) -> Rows:
    """The probability of each question from a model that was fitted without it."""
    fold = np.arange(len(answers)) % FOLDS
    guess = np.zeros(len(answers))
    for number in range(FOLDS):
        model: Logistic = fit_logistic(rows[fold != number], answers[fold != number])
        guess[fold == number] = model.probabilities(rows[fold == number])
    return guess


def _signals(retriever: Retriever, questions: Sequence[str]) -> Rows:
    return np.array([astuple(retriever.find(question, 3).signals) for question in questions])


def _marks(answered: Sequence[str], unanswered: Sequence[str]) -> Marks:
    return np.array([True] * len(answered) + [False] * len(unanswered))


if __name__ == "__main__":
    main()
