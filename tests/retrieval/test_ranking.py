"""Passages are ranked by how strong each match is, and a collection refuses what it has nothing on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.apps.ingest import run_ingest
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import PassageRetriever, Retriever
from shopbot.tools.retrieval.collections import ingest, open_collection
from shopbot.tools.retrieval.keywords import KeywordIndex, Searchable, sentences_of
from shopbot.tools.retrieval.ranking import Candidates, Weights, rank, search_configuration

LONG = (
    "Good morning! I hope you had a wonderful weekend, mine was spent in the garden with my two nephews. "
    "Last month I bought a present for my sister. How many days do I have to return an item? "
    "She is turning forty and we are planning a party by the lake. Thank you so much in advance!"
)
shares = st.floats(0, 1, width=32)


@pytest.fixture
def retriever(tmp_path: Path, documents: Path, encoder: Encoder) -> Iterator[Retriever]:
    ingest(tmp_path / "data", "handbook", [str(documents)])
    retriever = open_collection(tmp_path / "data", "handbook")
    yield retriever
    retriever.close()


@given(st.lists(st.tuples(shares, shares), min_size=1, max_size=8), st.floats(0.1, 50))
def test_no_evidence_surpasses_the_most_there_can_be(found: list[tuple[float, float]], rarity: float) -> None:
    weights = Weights(context=0.3, passage=0.1, document=0.12, heading=0.08)
    cosines, shared = (np.array(column, dtype=np.float32) for column in zip(*found, strict=True))
    keys = [str(number) for number in range(len(found))]
    candidates = Candidates(keys, cosines, cosines, shared * rarity, shared * rarity, shared, rarity)
    ranked = rank(candidates, weights)
    assert sorted(keys) == sorted(key for key, _ in ranked)
    assert all(evidence <= candidates.most(weights) + 1e-3 for _, evidence in ranked)
    assert [evidence for _, evidence in ranked] == sorted((e for _, e in ranked), reverse=True)


def test_the_question_in_a_long_message_is_found(retriever: Retriever) -> None:
    assert "How many days do I have to return an item?" in sentences_of(LONG)
    assert retriever.find(LONG, 1).passages[0].text == "You may return an item within 30 days."


def test_a_document_with_all_the_words_beats_one_with_a_few() -> None:
    chunks = [
        Searchable("a#1", "", "parrots need seeds"),
        Searchable("a#2", "", "cages need room"),
        Searchable("b#1", "", "parrots need company"),
        Searchable("b#2", "", "opening hours"),
    ]
    index = KeywordIndex.build(chunks, search_configuration().keywords)
    scores = dict(zip(index.keys, index.document_scores("parrots cages"), strict=True))
    assert scores["a#1"] == scores["a#2"] > scores["b#1"]


@pytest.mark.parametrize("question", ["Who wrote Pride and Prejudice?", "what is the speed of light"])
def test_a_collection_refuses_what_it_has_nothing_on(retriever: Retriever, question: str) -> None:
    assert retriever.search(question) == []


def test_a_collection_answers_what_it_has(retriever: Retriever) -> None:
    assert retriever.search("within how many days may I return an item?")[0].key.endswith("returns.md#window")


def test_a_minimum_of_nothing_always_returns_the_best(tmp_path: Path, documents: Path) -> None:
    retriever = PassageRetriever.over(str(documents), data=tmp_path / "data", minimum_confidence=0)
    assert len(retriever.invoke("Who wrote Pride and Prejudice?", k=2)) == 2
    retriever.retriever.close()


def test_a_file_of_headings_alone_is_named_and_no_failure(
    tmp_path: Path, documents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (documents / "outline.md").write_text("# Outline\n\n## Part one\n\n## Part two\n")
    assert run_ingest([str(documents)], data=tmp_path / "data", collection="handbook") == 0
    assert "outline.md has no text to search." in capsys.readouterr().out
