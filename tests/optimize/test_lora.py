"""Retraining with adapters: few weights learn, and merging changes no shape and no answer."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the optimize extra")
pytest.importorskip("peft", reason="needs the optimize extra")

from shopbot.optimize.compression.lora import add_adapters, merge_adapters  # noqa: E402
from shopbot.optimize.compression.prune import prune_neurons  # noqa: E402


def _trained(model: Any, ids: Any) -> Any:
    optimizer = torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        (model(input_ids=ids)[0] @ torch.linspace(-1, 2, 32)).square().mean().backward()
        optimizer.step()
    return model


def test_only_adapters_learn(tiny_bert: Any, ids: Any) -> None:
    before = {name: each.clone() for name, each in tiny_bert.state_dict().items()}
    _trained(add_adapters(tiny_bert, 2), ids)
    after = {name.replace(".base_layer", ""): each for name, each in tiny_bert.state_dict().items()}
    assert all(torch.equal(before[name], after[name]) for name in before)
    learning = sum(each.numel() for each in tiny_bert.parameters() if each.requires_grad)
    assert 0 < learning < 0.3 * sum(each.numel() for each in before.values())


def test_merged_it_answers_the_same_in_its_old_shape(tiny_bert: Any, ids: Any) -> None:
    prune_neurons(tiny_bert, [[0, 1, 2]] * 3)
    shapes = {name: each.shape for name, each in tiny_bert.state_dict().items()}
    untrained = tiny_bert(input_ids=ids)[0]
    learned = _trained(add_adapters(tiny_bert, 2), ids)(input_ids=ids)[0]
    merged = merge_adapters(tiny_bert)(input_ids=ids)[0]
    assert torch.allclose(merged, learned, atol=1e-5)
    assert not torch.allclose(merged, untrained, atol=1e-4)
    assert {name: each.shape for name, each in tiny_bert.state_dict().items()} == shapes


def test_what_is_named_besides_is_trained_in_full(tiny_bert: Any) -> None:
    add_adapters(tiny_bert, 2, also=["embeddings.LayerNorm"])
    assert tiny_bert.embeddings.LayerNorm.weight.requires_grad
    assert not tiny_bert.embeddings.word_embeddings.weight.requires_grad
