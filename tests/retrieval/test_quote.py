"""Quotes are sentences of the passage, exactly as they stand."""

from __future__ import annotations

import pytest

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.quote import best_quote
from shopbot.tools.retrieval.sentences import sentences

PASSAGE = (
    "Orders placed before 2 p.m. Eastern Time leave today. Standard delivery costs $5.95. "
    "Furniture travels by freight. Call us if you are unsure!"
)


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
def test_the_quote_answers_the_question_and_stands_in_the_passage(encoder: Encoder, question: str, part: str) -> None:
    quote = best_quote(question, PASSAGE, encoder)
    assert part in quote
    assert quote in PASSAGE
    assert len(sentences(quote)) <= 2


def test_list_items_are_sentences() -> None:
    text = "We take:\n- cards\n- gift cards"
    assert [text[span.start : span.end] for span in sentences(text)] == ["We take:", "- cards", "- gift cards"]
