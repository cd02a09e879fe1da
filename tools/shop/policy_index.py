"""The index of a shop's policy documents."""

from __future__ import annotations

import os
from pathlib import Path

from shopbot.tools.retrieval import Retriever, open_retriever

SHIPPED_DOCUMENTS = Path(__file__).parents[2] / "shop" / "policies" / "documents"


def open_policies(data: Path) -> Retriever:
    """The policy documents, indexed under the data folder and brought up to date if they have changed.

    `SHOPBOT_POLICIES` names a shop's own folder of Markdown documents.
    """
    own = os.environ.get("SHOPBOT_POLICIES")
    return open_retriever(data / "policies", Path(own).expanduser() if own else SHIPPED_DOCUMENTS)
