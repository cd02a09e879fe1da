"""The retriever behind LangChain's interface, usable alone in three lines or in any chain.

from shopbot.tools.retrieval import PassageRetriever
retriever = PassageRetriever.over("handbook/", "https://example.com/faq")
retriever.invoke("How long do I have?")
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables.config import run_in_executor
from pydantic import ConfigDict

from shopbot.tools.retrieval.collections import ingest, open_collection
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.filters import Where
from shopbot.tools.retrieval.retriever import Retriever


class PassageRetriever(BaseRetriever):
    """A LangChain retriever over a `Retriever`.

    Each document's `id` is its key and its metadata has key, also, source, heading and score beside the document's own.
    `k` passages are returned, and only those that meet `where` (`shopbot.tools.retrieval.filters`); a call may have its
    own: `retriever.invoke("how long", where={"source": "returns.md"}, k=3)`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: Retriever
    k: int = 5
    where: Mapping[str, Any] | None = None

    @classmethod
    def over(
        cls,
        *sources: str,
        data: Path | str = "~/.shopbot",
        collection: str = "default",
        tenant: str | None = None,
        k: int = 5,
        where: Where | None = None,
        minimum_confidence: float | None = None,
    ) -> PassageRetriever:
        """A retriever over files, folders, web pages, queries or wiki pages, indexed under `data`.

        Args:
            minimum_confidence: a question that the sources are less likely to answer finds nothing; by default the
                calibrated value, and 0 always returns the best there is.

        Raises:
            RetrievalError: none of the sources could be read.
        """
        folder = Path(data).expanduser()
        report = ingest(folder, collection, sources, tenant=tenant)
        if (report.skipped or report.empty) and not (report.wrote or report.unchanged):
            raise RetrievalError(" ".join([*report.skipped, *report.empty]))
        return cls(retriever=open_collection(folder, collection, minimum_confidence, tenant=tenant), k=k, where=where)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        where: Where | None = None,
        k: int | None = None,
    ) -> list[Document]:
        passages = self.retriever.search(query, self.k if k is None else k, self.where if where is None else where)
        return [
            Document(
                page_content=passage.text,
                id=passage.key,
                metadata={
                    **passage.metadata,
                    "key": passage.key,
                    "also": list(passage.also),
                    "source": passage.source,
                    "heading": passage.heading,
                    "score": passage.score,
                },
            )
            for passage in passages
        ]

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        where: Where | None = None,
        k: int | None = None,
    ) -> list[Document]:
        return await run_in_executor(
            None, self._get_relevant_documents, query, run_manager=run_manager.get_sync(), where=where, k=k
        )
