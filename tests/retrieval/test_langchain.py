"""The retriever through LangChain's own interface, alone and in a chain, sync and async."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda

from shopbot.tools.retrieval import PassageRetriever, RetrievalError

QUESTION = "how long can I return it"


@pytest.fixture
def retriever(documents: Path, tmp_path: Path) -> Iterator[PassageRetriever]:
    retriever = PassageRetriever.over(str(documents), data=tmp_path / "data", k=2, minimum_confidence=0)
    yield retriever
    retriever.retriever.close()


def test_it_is_one_of_langchains_and_works_alone(retriever: PassageRetriever) -> None:
    assert isinstance(retriever, BaseRetriever)
    first, second = retriever.invoke(QUESTION)
    assert isinstance(first, Document)
    assert (first.id, first.page_content) == ("documents/returns.md#window", "You may return an item within 30 days.")
    assert first.metadata["source"] == "documents/returns.md"
    assert first.metadata["heading"] == "Returns > Window"
    assert first.metadata["score"] > second.metadata["score"]


def test_it_can_be_awaited(retriever: PassageRetriever) -> None:
    assert asyncio.run(retriever.ainvoke(QUESTION)) == retriever.invoke(QUESTION)


def test_many_questions_at_once(retriever: PassageRetriever) -> None:
    asked = [QUESTION, "overnight delivery", "label"] * 4
    together = asyncio.run(retriever.abatch(asked))
    assert together == retriever.batch(asked) == [retriever.invoke(question) for question in asked]


def test_it_is_a_link_of_a_chain(retriever: PassageRetriever) -> None:
    chain = retriever | RunnableLambda(lambda found: [document.id for document in found])
    assert chain.invoke("overnight delivery")[0] == "documents/shipping.md#cost"


def test_a_filter_for_every_question_and_one_for_a_single_one(retriever: PassageRetriever) -> None:
    only_shipping = retriever.model_copy(update={"where": {"source": "documents/shipping.md"}})
    assert [found.id for found in only_shipping.invoke(QUESTION)] == ["documents/shipping.md#cost"]
    asked = {"where": {"heading": {"$prefix": "Returns > Fees"}}}
    assert [found.id for found in retriever.invoke(QUESTION, **asked)] == ["documents/returns.md#fees"]
    assert [found.id for found in asyncio.run(retriever.ainvoke(QUESTION, k=1))] == ["documents/returns.md#window"]


def test_sources_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(RetrievalError, match="There is no file or folder"):
        PassageRetriever.over(str(tmp_path / "none"), data=tmp_path / "data")
