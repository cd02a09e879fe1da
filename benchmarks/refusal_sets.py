"""Collections with questions that they answer and questions that they do not, to fit and to judge refusal.

The shop's policies without their sample questions, and, where the public sets are there, each of their six collections:
its own questions are answered, those of the other collections are not.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.external_sets import FOLDER, code_questions, corpora, span_questions
from benchmarks.policy_questions import DOCUMENTS, load_questions
from benchmarks.retrieval_quality import code_retriever
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import Retriever, open_retriever
from shopbot.tools.retrieval.documents import QUESTIONS_FILE, UNANSWERED_FILE, Document
from shopbot.tools.retrieval.store import ChunkStore

MOST = 150
"""Questions of a kind that are taken from one collection."""
SEED = 0


@dataclass(frozen=True)
class Collection:
    """One index with the questions that it answers and as many that it does not."""

    name: str
    retriever: Retriever
    answered: list[str]
    unanswered: list[str]


def collections(folder: Path) -> Iterator[Collection]:
    """All of them, indexed in `folder`; the caller closes each retriever."""
    chosen = random.Random(SEED)
    yield _policies(folder)
    if not FOLDER.is_dir():
        return
    asked = {name: [each.ask for each in span_questions() if each.document == name] for name in corpora()}
    asked["code"] = [each.ask for each in code_questions()]
    for name, own in asked.items():
        others = [question for other, questions in asked.items() if other != name for question in questions]
        own = chosen.sample(own, min(MOST, len(own)))
        yield Collection(name, _indexed(name, folder / name), own, chosen.sample(others, len(own)))


def halves(questions: list[str]) -> tuple[list[str], list[str]]:
    """The half to fit with and the half to judge with."""
    return questions[::2], questions[1::2]


def _policies(folder: Path) -> Collection:
    bare = folder / "bare"
    shutil.copytree(DOCUMENTS, bare, ignore=shutil.ignore_patterns(QUESTIONS_FILE, UNANSWERED_FILE))
    questions = load_questions("development")
    answered = [each["ask"] for each in questions["answerable"]]
    return Collection("policies", open_retriever(folder / "without", bare), answered, list(questions["unanswerable"]))


def _indexed(name: str, folder: Path) -> Retriever:
    if name == "code":
        return code_retriever(folder)
    encoder = Encoder()
    store = ChunkStore(folder, encoder)
    store.ingest_documents([Document(name, name, name, lambda: corpora()[name])])
    return Retriever(store, encoder, minimum_confidence=0)
