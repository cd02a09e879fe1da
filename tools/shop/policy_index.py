"""The index of a shop's policy documents."""

from __future__ import annotations

from pathlib import Path

from shopbot.tools.retrieval import Retriever, open_retriever

SHIPPED_DOCUMENTS = Path(__file__).parents[2] / "shop" / "policies" / "documents"


def open_policies(data: Path, documents: Path | None = None) -> Retriever:
    """The policy documents, indexed under the data folder and brought up to date if they have changed.

    Args:
        documents: a shop's own folder of Markdown documents.
    """
    return open_retriever(data / "policies", documents or SHIPPED_DOCUMENTS)
