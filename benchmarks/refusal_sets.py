"""Collections with questions that they answer and questions that they do not, to fit and to judge refusal.

Every development set (`benchmarks.retrieval_sets`) is crossed with the questions of every other that has another
subject: its own questions are answered, those of the others are not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.retrieval_memory import KeptEncoder, retriever_over
from benchmarks.retrieval_sets import sets
from shopbot.tools.retrieval import Retriever

MOST = 60
"""Questions that are taken from one set."""
SAME_SUBJECT = ({"policies", "faq", "modules"}, {"packages", "modules", "readmes", "code"})
"""Sets between which a question may well be answered: around those about modules, customers tell of their returns."""


@dataclass(frozen=True)
class Collection:
    """A retriever with the questions that it answers, and by set those that it does not."""

    name: str
    retriever: Retriever
    answered: list[str]
    unanswered: Mapping[str, list[str]]


def collections(chosen: Container[str] = ()) -> Iterator[Collection]:
    """Those with these names, or all of them, in memory."""
    every, encoder = list(sets()), KeptEncoder()
    asked = {each.name: [question.ask for question in each.questions[:MOST]] for each in every}
    for each in (each for each in every if not chosen or each.name in chosen):
        others = {name: questions for name, questions in asked.items() if not _same_subject(each.name, name)}
        with tempfile.TemporaryDirectory() as folder:
            retriever = retriever_over(each.documents, Path(folder) / "index", encoder)
            yield Collection(each.name, retriever, asked[each.name], others)
        encoder.keep()


def _same_subject(one: str, other: str) -> bool:
    return one == other or any({one, other} <= group for group in SAME_SUBJECT)


def halves(questions: list[str]) -> tuple[list[str], list[str]]:
    """The half to fit with and the half to judge with."""
    return questions[::2], questions[1::2]
