"""Vectors made in advance are used while text and weights are the same, and never for others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.vector_cache import CachedEncoder, write_vectors

TEXTS = ["thirty days", "the label is free"]


class OtherWeights(Encoder):
    """Another model: every vector is its own, and it remembers what it was asked to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.encoded: list[str] = []

    @property
    def digest(self) -> str:  # type: ignore[override]
        return "of other weights"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return np.full((len(texts), 384), 384**-0.5, dtype=np.float32)


def test_known_texts_are_not_encoded_again(tmp_path: Path) -> None:
    write_vectors(tmp_path / "vectors.npz", TEXTS, OtherWeights())
    encoder = OtherWeights()
    vectors = CachedEncoder(encoder, tmp_path / "vectors.npz").encode([TEXTS[1], "new", TEXTS[0]])
    assert encoder.encoded == ["new"]
    assert np.allclose(vectors, 384**-0.5, atol=1e-3)


def test_a_cache_made_for_other_weights_is_not_used(tmp_path: Path, encoder: Encoder) -> None:
    write_vectors(tmp_path / "vectors.npz", TEXTS, encoder)
    other = OtherWeights()
    vectors = CachedEncoder(other, tmp_path / "vectors.npz").encode(TEXTS)
    assert other.encoded == TEXTS
    assert np.allclose(vectors, 384**-0.5)


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"PK\x03\x04 half a zip"])
def test_a_cache_that_cannot_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "vectors.npz").write_bytes(content)
    other = OtherWeights()
    CachedEncoder(other, tmp_path / "vectors.npz").encode(TEXTS)
    assert other.encoded == TEXTS
