"""Search over documents, by meaning and by words, alone or in a chain. Needs the extra `retrieval`.

retriever = PassageRetriever.over("handbook/", "https://example.com/faq")
retriever.invoke("How long do I have?")

`open_retriever` is the same over one folder of Markdown, with refusal of what it does not answer, and
`shopbot.tools.retrieval.collections` has named collections and tenants.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shopbot.errors import extra
from shopbot.tools.retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from shopbot.tools.retrieval.langchain import PassageRetriever
    from shopbot.tools.retrieval.passages import Passage
    from shopbot.tools.retrieval.retriever import Retriever, open_retriever

__all__ = ["Passage", "PassageRetriever", "RetrievalError", "Retriever", "open_retriever"]

_HOME = {
    "Passage": "passages",
    "PassageRetriever": "langchain",
    "Retriever": "retriever",
    "open_retriever": "retriever",
}


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for: the gate checks citations where nothing searches."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with extra("retrieval", "Search over documents", "chromadb", "Stemmer"):
        return getattr(import_module(f"shopbot.tools.retrieval.{_HOME[name]}"), name)
