"""The shipped encoder against vectors of the original model in float32."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from shopbot.engines.embedding import Encoder, EncoderError

REFERENCE = json.loads(Path(__file__).with_name("reference_vectors.json").read_text(encoding="utf-8"))


def test_vectors_stay_close_to_the_float32_model(encoder: Encoder) -> None:
    wanted = np.array([row["vector"] for row in REFERENCE])
    cosine = (encoder.encode([row["text"] for row in REFERENCE]) * wanted).sum(axis=1)
    assert cosine.mean() >= 0.99
    assert cosine.min() >= 0.98


def test_vectors_have_length_one(encoder: Encoder) -> None:
    lengths = np.linalg.norm(encoder.encode(["a", "two words", ""]), axis=1)
    assert lengths == pytest.approx([1, 1, 1], abs=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours(encoder: Encoder) -> None:
    alone = encoder.encode(["where is my order"])[0]
    among = encoder.encode(["x " * 200, "where is my order", "y"])[1]
    assert np.array_equal(alone, among)


def test_no_text_gives_no_vector(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_a_very_long_text_is_read_up_to_its_limit(encoder: Encoder) -> None:
    assert encoder.encode(["word " * 100_000]).shape == (1, 384)


def test_a_missing_model_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"tokenizer\.json is missing"):
        Encoder(tmp_path).encode(["x"])
