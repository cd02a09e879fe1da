"""A trained network to and from its folder: weights, graph, tokenizer, description. Needs torch.

A technique loads a network, changes it, and saves it to another folder; shapes need not be told (see network.rebuild).
"""

from __future__ import annotations

import shutil
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from shopbot.engines.learned.encoding import Encoder, Vocabulary
from shopbot.engines.learned.features import Layout
from shopbot.engines.learned.folder import (
    GRAPH,
    TOKENIZER,
    WEIGHTS,
    Description,
    need,
    read_description,
    write_description,
)
from shopbot.engines.learned.replies import Replies
from shopbot.engines.learned.tfidf import TfidfIndex
from shopbot.optimize.traces.network import Network, rebuild, state_of

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUTS = ("actions", "spans", "values", "seeks", "offers")


def load_network(folder: Path) -> Network:
    """The network in `folder`, ready to predict.

    Raises:
        FolderError: it has no `weights.pt`: a shipped engine may have none.
    """
    return rebuild(torch.load(need(folder, WEIGHTS), weights_only=True, map_location="cpu"))


def save_network(network: Network, description: Description, tokenizer: Path, folder: Path) -> None:
    """Write the whole folder: float32 graph, weights, description, and a copy of the file `tokenizer`."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state_of(network), folder / WEIGHTS)
    if tokenizer.resolve() != (folder / TOKENIZER).resolve():
        shutil.copyfile(tokenizer, folder / TOKENIZER)
    export(network, folder / GRAPH)
    write_description(folder, description)


def settings_of(encoder: Encoder, replies: Replies) -> dict[str, Any]:
    """What featurising, decoding and replying need at run time, as JSON can hold it."""
    return {
        "replies": replies.as_json(),
        "layout": asdict(encoder.layout),
        "sayings": encoder.templates.as_json(),
        "values": [list(pair) for pair in encoder.vocabulary.values],
    }


def encoder_of(description: Description, tokenizer: Tokenizer) -> Encoder:
    """The encoder that `settings_of` described."""
    settings = description.settings
    values = tuple((str(name), str(value)) for name, value in settings.get("values", ()))
    vocabulary = Vocabulary(description.labels, description.arguments, values)
    templates = TfidfIndex.from_json(settings.get("sayings", ()))
    return Encoder(tokenizer, vocabulary, templates, Layout(**settings["layout"]))


def load_encoder(folder: Path) -> Encoder:
    """How the engine in `folder` turns traces into token ids and targets."""
    return encoder_of(read_description(folder), Tokenizer.from_file(str(need(folder, TOKENIZER))))


def export(network: Network, file: Path) -> None:
    """Write the float32 ONNX graph with free batch and length."""
    network.eval()
    sample = torch.ones(2, 12, dtype=torch.long)
    both = {0: "batch", 1: "length"}
    axes = dict.fromkeys((*INPUTS, "spans"), both) | {name: {0: "batch"} for name in OUTPUTS if name != "spans"}
    with warnings.catch_warnings():
        # The tracer warns about branches on shapes that this network does not take.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Plain(network),
            (sample, sample, sample),
            str(file),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )


class _Plain(nn.Module):  # type: ignore[misc, unused-ignore]
    """The network with a tuple as output, which is what ONNX can hold."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> tuple[Tensor, ...]:
        outputs = self.network(ids, mask, types)
        return outputs.actions, outputs.spans, outputs.values, outputs.seeks, outputs.offers
