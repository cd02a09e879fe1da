"""Transformers small enough to check by the number, the same at every run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def tiny_bert() -> Any:
    """Three layers, four heads of eight, 24 neurons, 60 tokens; in evaluation mode."""
    torch = pytest.importorskip("torch", reason="needs the optimize extra")
    transformers = pytest.importorskip("transformers", reason="needs the optimize extra")
    torch.manual_seed(7)
    configuration = transformers.BertConfig(
        vocab_size=60,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=24,
        max_position_embeddings=32,
        attn_implementation="eager",
    )
    return transformers.BertModel(configuration, add_pooling_layer=False).eval()


@pytest.fixture
def tiny_llama() -> Any:
    """Three layers, four query heads on two key and value heads, 48 neurons, 64 tokens; in evaluation mode."""
    torch = pytest.importorskip("torch", reason="needs the optimize extra")
    transformers = pytest.importorskip("transformers", reason="needs the optimize extra")
    torch.manual_seed(7)
    configuration = transformers.LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
    )
    return transformers.LlamaForCausalLM(configuration).eval()


@pytest.fixture
def ids() -> Any:
    """Two rows of token ids."""
    torch = pytest.importorskip("torch", reason="needs the optimize extra")
    return torch.tensor([[1, 5, 9, 30, 2], [1, 7, 7, 41, 2]])


@pytest.fixture
def wordpiece() -> str:
    """The text of a real WordPiece tokenizer's file, the one that ships with the embedding model."""
    file = Path(__file__).parents[2] / "engines" / "embedding" / "weights" / "tokenizer.json"
    return file.read_text(encoding="utf-8")
