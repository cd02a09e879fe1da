"""The network that learns from traces: an encoder with heads for actions, arguments and descriptions. Needs torch.

What is saved is a state dict and the encoder's configuration; `rebuild` makes a network of whatever shapes the state
has, so that pruned, factorised and trimmed networks load like any other. It does not train: see training.py.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel

from shopbot.engines.learned.encoding import Vocabulary
from shopbot.optimize.compression.reshape import fit_to_state
from shopbot.optimize.encoder import EAGER_ATTENTION, mean_of_tokens, without_pooler

MATCH_WIDTH = 64
Name = TypeVar("Name", bound=Hashable)


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


def expand_heads(network: Network, known: Vocabulary, wanted: Vocabulary) -> Vocabulary:
    """Give `network`, in place, outputs for what `wanted` has besides what it `known`; those it has stay as they are.

    Returns:
        What its outputs stand for now: first what it knew, in the same order.
    """
    both = Vocabulary(
        _joined(known.labels, wanted.labels),
        _joined(known.arguments, wanted.arguments),
        _joined(known.values, wanted.values),
    )
    network.actions = _with_more(network.actions, len(both.labels) - len(known.labels))
    network.values = _with_more(network.values, len(both.values) - max(len(known.values), 1))
    # Each argument has two outputs, its start and its end.
    network.spans = _with_more(network.spans, 2 * (len(both.arguments) - max(len(known.arguments), 1)))
    return both


def _joined(known: Sequence[Name], wanted: Sequence[Name]) -> tuple[Name, ...]:
    return tuple(dict.fromkeys((*known, *wanted)))


def _with_more(head: nn.Linear, more: int) -> nn.Linear:
    if more <= 0:
        return head
    wider = nn.Linear(head.in_features, head.out_features + more)
    with torch.no_grad():
        wider.weight[: head.out_features] = head.weight
        wider.bias[: head.out_features] = head.bias
    return wider


def state_of(network: Network) -> dict[str, Any]:
    """What `rebuild` needs: configuration and weights."""
    return {"config": network.encoder.config.to_dict(), "state": network.state_dict()}


def rebuild(saved: dict[str, Any]) -> Network:
    """The network of a saved state, in the shapes that the state has, ready to predict."""
    state: dict[str, Tensor] = saved["state"]
    model_type = saved["config"].get("model_type", "bert")
    settings = {name: value for name, value in saved["config"].items() if name != "model_type"}
    config = AutoConfig.for_model(model_type, **settings)
    network = Network(without_pooler(AutoModel.from_config(config, **EAGER_ATTENTION)), 1, 1, 1)
    fit_to_state(network, state)
    network.eval()
    return network
