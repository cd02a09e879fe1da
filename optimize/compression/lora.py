"""Retraining with few weights: low-rank adapters (Hu et al. 2021, LoRA) through peft, merged when training is done."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from shopbot.optimize.compression.anatomy import layers_of, replace_module


def add_adapters(model: nn.Module, rank: int = 8, *, also: Sequence[str] = ()) -> nn.Module:
    """Put an adapter beside every matrix of every transformer layer, in place; only they are trained from now on.

    Args:
        rank: of each adapter.
        also: paths of modules that are trained in full besides: heads, say.

    Raises:
        ModuleNotFoundError: peft is not installed.
    """
    from peft import LoraConfig, inject_adapter_in_model  # type: ignore[import-not-found, unused-ignore]

    inside = {id(module) for layer in layers_of(model) for module in layer.block.modules()}
    paths = [path for path, module in model.named_modules() if isinstance(module, nn.Linear) and id(module) in inside]
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=paths), model)
    for path in also:
        for parameter in model.get_submodule(path).parameters():
            parameter.requires_grad_(True)
    return model


def merge_adapters(model: nn.Module) -> nn.Module:
    """Add what the adapters learned to the matrices and take them out, in place; the shapes are as before."""
    from peft.tuners.lora import LoraLayer  # type: ignore[import-not-found, unused-ignore]

    for path, module in list(model.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            replace_module(model, path, module.get_base_layer())
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    return model
