"""The retriever behind LangChain's interface, usable alone or in any chain.

retriever = PassageRetriever.over("handbook/", "https://example.com/faq")
retriever.invoke("How long do I have?")
"""

from __future__ import annotations

from pathlib import Path

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from tools.retrieval.collections import ingest, open_collection
from tools.retrieval.errors import RetrievalError
from tools.retrieval.retriever import Retriever


class PassageRetriever(BaseRetriever):
    """A LangChain retriever over a `Retriever`; each document's metadata has key, source, heading and score."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: Retriever
    k: int = 5

    @classmethod
    def over(
        cls, *sources: str, data: Path = Path("~/.shopbot"), collection: str = "default", k: int = 5
    ) -> PassageRetriever:
        """A retriever over files, folders, web pages, queries or wiki pages, indexed under `data`.

        Raises:
            RetrievalError: none of the sources could be read.
        """
        folder = data.expanduser()
        report = ingest(folder, collection, sources)
        if report.skipped and not (report.wrote or report.unchanged):
            raise RetrievalError(" ".join(report.skipped))
        return cls(retriever=open_collection(folder, collection), k=k)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [
            Document(
                page_content=passage.text,
                id=passage.key,
                metadata={
                    "key": passage.key,
                    "source": passage.source,
                    "heading": passage.heading,
                    "score": passage.score,
                },
            )
            for passage in self.retriever.search(query, self.k)
        ]
