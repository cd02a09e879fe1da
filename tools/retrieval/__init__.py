"""Search over Markdown documents, by meaning.

retriever = open_retriever(index=Path("data/index"), documents=Path("documents"))
passages = retriever.search("How long do I have?")
retriever.best_quote("How long do I have?", passages[0])
"""

from tools.retrieval.errors import RetrievalError
from tools.retrieval.retriever import Passage, Retriever, open_retriever

__all__ = ["Passage", "RetrievalError", "Retriever", "open_retriever"]
