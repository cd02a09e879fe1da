"""What ShopBot's actions work with, handed to each in `call.services`: the open shop and the models it reads with."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopbot.shop.shop import Shop
    from shopbot.tools.retrieval import Retriever


class ShopServices:
    """An open shop, and the models that its actions read with; those load on first use, once."""

    def __init__(self, shop: Shop, policies: Retriever | None = None, closing: ExitStack | None = None) -> None:
        """`closing` releases what this opens when nobody calls `close`; it must not lead back to it."""
        self.shop = shop
        self._closing = closing
        self._policies = policies
        self._opening = threading.Lock()

    @property
    def policies(self) -> Retriever:
        """The shop's policy documents, searchable."""
        with self._opening:
            if self._policies is None:
                from shopbot.tools.shop.policy_index import open_policies

                self._policies = open_policies(self.shop.settings.data, self.shop.settings.policies)
                if self._closing is not None:
                    self._closing.callback(self._policies.close)
            return self._policies

    def close(self) -> None:
        """Release the index of the policies, if it was opened."""
        with self._opening:
            if self._policies is not None:
                self._policies.close()
                self._policies = None

    def similarity(self, text: str, others: Sequence[str]) -> Sequence[float]:
        """Cosine similarity of `text` with each of `others`, from -1 to 1."""
        vectors = self.policies.encoder.encode([text, *others])
        return [float(score) for score in vectors[1:] @ vectors[0]]
