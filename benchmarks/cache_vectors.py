"""Writes the vectors of the shop's policy documents beside them, so that a new data folder need not encode them.

python -m benchmarks.cache_vectors      after a change of the documents, their sample questions or the encoder
"""

from __future__ import annotations

from benchmarks.policy_questions import DOCUMENTS
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.chunks import Chunk, split_markdown
from shopbot.tools.retrieval.documents import UNANSWERED_FILE, Document, read_documents, read_unanswered
from shopbot.tools.retrieval.refusal import plain
from shopbot.tools.retrieval.vector_cache import CACHE_FILE, write_vectors
from shopbot.tools.retrieval.vectors import windows


def main() -> None:
    """Encode everything and write the file."""
    encoder = Encoder()
    texts = policy_texts(encoder)
    write_vectors(DOCUMENTS / CACHE_FILE, texts, encoder)
    print(f"{len(texts)} vectors, {(DOCUMENTS / CACHE_FILE).stat().st_size / 1000:.0f} kB")


def policy_texts(encoder: Encoder) -> list[str]:
    """Everything that the index of the policies and its question classifier encode."""
    chunks, unanswered = policy_chunks(encoder), read_unanswered(DOCUMENTS / UNANSWERED_FILE)
    asked = [question for chunk in chunks for question in chunk.asked]
    read = [window for chunk in chunks for window in windows(chunk)]
    return list(dict.fromkeys([*read, *asked, *(plain(question) for question in [*asked, *unanswered])]))


def policy_chunks(encoder: Encoder) -> list[Chunk]:
    """All chunks of the policy documents, with their sample questions."""
    return [
        chunk
        for document in read_documents(DOCUMENTS)
        if isinstance(document, Document)
        for chunk in split_markdown(
            document.text,
            document=document.name,
            source=document.source,
            count_tokens=encoder.count_tokens,
            asked=document.asked,
        )
    ]


if __name__ == "__main__":
    main()
