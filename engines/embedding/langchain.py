"""The encoder behind LangChain's `Embeddings` interface, for vector stores and chains that expect one."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from shopbot.engines.embedding.encoder import Encoder


class EncoderEmbeddings(Embeddings):
    """Documents and queries go through the same encoder: all-MiniLM-L6-v2 needs no instruction prefix."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        self.encoder = encoder or Encoder()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector of 384 numbers a text."""
        return [[float(value) for value in vector] for vector in self.encoder.encode(texts)]

    def embed_query(self, text: str) -> list[float]:
        """The vector of one question."""
        return self.embed_documents([text])[0]
