"""Quotes are sentences of the passage that answer, exactly as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks.policy_questions import DOCUMENTS
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import Retriever, open_retriever
from shopbot.tools.retrieval.passages import Passage
from shopbot.tools.retrieval.sentences import MOST_SENTENCES, answer_among, sentences

PASSAGE = (
    "Orders placed before 2 p.m. Eastern Time leave today. Standard delivery costs $5.95. "
    "Furniture travels by freight. Call us if you are unsure!"
)
GOLD = yaml.safe_load((Path(__file__).parents[1] / "policies" / "gold_sentences.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Retriever]:
    retriever = open_retriever(tmp_path_factory.mktemp("quote") / "index", DOCUMENTS, encoder)
    yield retriever
    retriever.close()


def test_sentences_survive_abbreviations_and_prices() -> None:
    said = [PASSAGE[span.start : span.end] for span in sentences(PASSAGE)]
    assert said == [
        "Orders placed before 2 p.m. Eastern Time leave today.",
        "Standard delivery costs $5.95.",
        "Furniture travels by freight.",
        "Call us if you are unsure!",
    ]


@pytest.mark.parametrize(
    ("question", "part"),
    [("how much is standard delivery", "$5.95"), ("how does furniture get here", "freight")],
)
def test_the_quote_answers_the_question_and_stands_in_the_passage(
    retriever: Retriever, question: str, part: str
) -> None:
    quote = retriever.best_quote(question, Passage("s#d", "s.md", "Delivery", PASSAGE, 1.0))
    assert part in quote
    assert quote in PASSAGE
    assert len(sentences(quote)) <= MOST_SENTENCES


def test_list_items_are_sentences() -> None:
    text = "We take:\n- cards\n- gift cards"
    assert [text[span.start : span.end] for span in sentences(text)] == ["We take:", "- cards", "- gift cards"]


@pytest.mark.parametrize(
    ("scores", "answer"),
    [
        ([0.1, 0.9, 0.2], (1, 1)),
        ([0.85, 0.9, 0.2], (0, 1)),
        ([0.85, 0.1, 0.9], (0, 2)),
        ([0.85, 0.1, 0.1, 0.9], (3, 3)),
        ([0.8, 0.8, 0.8, 0.8], (0, 2)),
    ],
    ids=["the best alone", "a neighbour as good", "what lies between", "too far away", "three at most"],
)
def test_sentences_that_answer_together_stand_together(scores: list[float], answer: tuple[int, int]) -> None:
    assert answer_among(np.array(scores, dtype=np.float32), 0.15) == answer


def test_the_sentence_that_answers_is_in_the_answer(retriever: Retriever) -> None:
    # The questions kept back from fitting; measured .96.
    right = []
    for asked in GOLD[1::2]:
        passage = retriever.passage(asked["section"])
        assert passage is not None
        quote = retriever.best_quote(asked["ask"], passage)
        assert len(sentences(quote)) <= MOST_SENTENCES
        right.append(all(words in quote for words in asked["gold"]))
    assert sum(right) >= 0.9 * len(right)
