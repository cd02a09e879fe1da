"""Search over documents, by meaning and by words, alone or in a chain.

retriever = PassageRetriever.over("handbook/", "https://example.com/faq")
retriever.invoke("How long do I have?")

`open_retriever` is the same over one folder of Markdown, with refusal of what it does not answer, and
`shopbot.tools.retrieval.collections` has named collections and tenants.
"""

from typing import TYPE_CHECKING, Any

from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.retriever import Passage, Retriever, open_retriever

if TYPE_CHECKING:
    from shopbot.tools.retrieval.langchain import PassageRetriever

__all__ = ["Passage", "PassageRetriever", "RetrievalError", "Retriever", "open_retriever"]


def __getattr__(name: str) -> Any:
    # LangChain takes a second to import, and most of those who search do not need it.
    if name != "PassageRetriever":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from shopbot.tools.retrieval.langchain import PassageRetriever

    return PassageRetriever
