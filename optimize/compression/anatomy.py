"""Where the parts of a transformer are: its layers, and in each the matrices of attention and feed-forward.

Read from the modules' names, so that a model wrapped in one with heads, and models of other shapes than at their
making, are found all the same. Known: the BERT family (also RoBERTa, ELECTRA, MiniLM) and the Llama family (also
Mistral, Qwen2, Gemma: gated feed-forward, grouped key and value heads), DistilBERT.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Layer:
    """One transformer layer. Paths are relative to the layer."""

    block: nn.Module
    attention: nn.Module
    """The module that splits its projections into heads."""
    head_size: int
    group: int
    """Query heads that share a key and value head; 1 in plain attention."""
    query: str
    key: str
    value: str
    out: str
    rising: tuple[str, ...]
    """Feed-forward matrices whose rows are the neurons; a gated one has two."""
    falling: str
    """Feed-forward matrix whose columns are the neurons."""

    def part(self, path: str) -> Any:
        """The module at a path of this layer."""
        return self.block.get_submodule(path)

    @property
    def heads(self) -> int:
        """Query heads now."""
        return int(self.part(self.query).out_features) // self.head_size

    @property
    def groups(self) -> int:
        """Key and value heads now: what can be removed one by one."""
        return self.heads // self.group

    @property
    def neurons(self) -> int:
        """Feed-forward neurons now."""
        return int(self.part(self.falling).in_features)


_BERT = {
    "attention": "attention.self",
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "rising": ("intermediate.dense",),
    "falling": "output.dense",
}
_LLAMA = {
    "attention": "self_attn",
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "out": "self_attn.o_proj",
    "rising": ("mlp.gate_proj", "mlp.up_proj"),
    "falling": "mlp.down_proj",
}
_DISTILBERT = {
    "attention": "attention",
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "out": "attention.out_lin",
    "rising": ("ffn.lin1",),
    "falling": "ffn.lin2",
}
_FAMILIES: tuple[dict[str, Any], ...] = (_BERT, _LLAMA, _DISTILBERT)


def stack_of(model: nn.Module) -> nn.ModuleList:
    """The list of a model's transformer layers; removing from it removes layers.

    Raises:
        ValueError: no known family of transformer was found.
    """
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) and _family(module[0]):
            return module
    raise ValueError(
        f"{type(model).__name__} has no layers of a known family (BERT, DistilBERT, Llama); "
        "describe its parts in optimize/compression/anatomy.py"
    )


def layers_of(model: nn.Module) -> list[Layer]:
    """Every layer with the places of its matrices, from the first to the last."""
    return [_layer(block) for block in stack_of(model)]


def config_of(model: nn.Module) -> Any:
    """The configuration of the transformer inside `model`, or None."""
    holders = (module for module in model.modules() if hasattr(module, "config"))
    return next((module.config for module in holders), None)


def embedding_of(model: nn.Module) -> tuple[str, nn.Embedding]:
    """Path and module of the token table: the embedding with the most rows."""
    tables = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Embedding)]
    if not tables:
        raise ValueError(f"{type(model).__name__} has no token table (torch.nn.Embedding)")
    return max(tables, key=lambda pair: pair[1].num_embeddings)


def replace_module(model: nn.Module, path: str, new: nn.Module) -> None:
    """Put `new` where the module at `path` is."""
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, new)


def _family(block: nn.Module) -> dict[str, Any] | None:
    names = {name for name, _ in block.named_modules()}
    return next((family for family in _FAMILIES if {family["query"], family["falling"]} <= names), None)


def _layer(block: nn.Module) -> Layer:
    family = _family(block)
    if family is None:
        raise ValueError(f"{type(block).__name__} is no layer of a known family (BERT, DistilBERT, Llama)")
    attention: Any = block.get_submodule(family["attention"])
    size = next(
        getattr(attention, name)
        for name in ("attention_head_size", "head_dim", "attention_head_dim")
        if hasattr(attention, name)
    )
    group = int(getattr(attention, "num_key_value_groups", 1))
    return Layer(block=block, head_size=int(size), group=group, **{**family, "attention": attention})
