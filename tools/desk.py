"""The desk: what ShopBot's actions work with. Handed to each in `call.services`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop.shop import Shop
    from tools.retrieval import Retriever


@dataclass
class Desk:
    """An open shop, and the models that its actions read with; those load on first use."""

    shop: Shop

    @cached_property
    def policies(self) -> Retriever:
        """The shop's policy documents, searchable."""
        from tools.policies import open_policies

        return open_policies(self.shop.settings.data)

    def similarity(self, text: str, others: Sequence[str]) -> Sequence[float]:
        """Cosine similarity of `text` with each of `others`, from -1 to 1."""
        vectors = self.policies.encoder.encode([text, *others])
        return [float(score) for score in vectors[1:] @ vectors[0]]
