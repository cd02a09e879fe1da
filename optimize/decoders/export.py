"""A Llama decoder in torch -> a GGUF file that llama.cpp runs. Factorised layers are multiplied out: it has none."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np

from shopbot.optimize.compression.anatomy import layers_of
from shopbot.optimize.compression.factorise import multiply_out
from shopbot.optimize.decoders.gguf_file import DecoderShape, Storage, from_hugging_face, write_gguf
from shopbot.optimize.decoders.gguf_vocabulary import Vocabulary


def shape_of(model: Any) -> DecoderShape:
    """The hyper-parameters of a `LlamaForCausalLM`, pruned or not, as its matrices show them.

    Raises:
        ValueError: the layers differ from each other.
    """
    layers, configuration = layers_of(model), model.config
    sizes = {(layer.heads, layer.groups, layer.neurons) for layer in layers}
    if len(sizes) != 1:
        raise ValueError(f"the layers have {sorted(sizes)} heads, groups and neurons: prune them evenly for GGUF")
    ((heads, groups, neurons),) = sizes
    return DecoderShape(
        context=configuration.max_position_embeddings,
        width=configuration.hidden_size,
        layers=len(layers),
        heads=heads,
        kv_heads=groups,
        feed_forward=neurons,
        norm_epsilon=configuration.rms_norm_eps,
        rope_base=_rope_base(configuration),
        head_size=layers[0].head_size,
    )


def export_gguf(model: Any, vocabulary: Vocabulary, file: Path, *, name: str, storage: Storage = "F16") -> DecoderShape:
    """Write `model` with its vocabulary; what was factorised is multiplied out in a copy.

    Args:
        vocabulary: one token for each row of the model's table.
        storage: how matrices are stored; smaller forms are better made by `quantise_gguf`.
    """
    whole = multiply_out(copy.deepcopy(model))
    shape = shape_of(whole)
    state = {key: value.detach().float().numpy().astype(np.float32) for key, value in whole.state_dict().items()}
    if whole.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_gguf(file, shape, from_hugging_face(state, shape), vocabulary, name=name, storage=storage)
    return shape


def _rope_base(configuration: Any) -> float:
    # Hugging Face moved it into a dictionary in version 5.
    parameters = getattr(configuration, "rope_parameters", None) or {}
    return float(parameters.get("rope_theta") or getattr(configuration, "rope_theta", None) or 10_000.0)
