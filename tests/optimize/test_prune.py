"""Structured pruning: matrices really get smaller, and the result equals the model whose units are silenced."""

from __future__ import annotations

import copy
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the optimize extra")

from shopbot.optimize.compression.anatomy import layers_of  # noqa: E402
from shopbot.optimize.compression.importance import (  # noqa: E402
    by_gradient,
    heads_by_magnitude,
    layers_by_change,
    neurons_by_magnitude,
)
from shopbot.optimize.compression.prune import choose_units, prune_heads, prune_layers, prune_neurons  # noqa: E402
from shopbot.optimize.compression.reshape import fit_to_state  # noqa: E402

_HEADS = {"tiny_bert": [[0, 2], [1], [0, 1, 2, 3]], "tiny_llama": [[0], [1], [0, 1]]}
_NEURONS = [[0, 3, 5], [1, 2, 20, 23], list(range(10))]


@pytest.fixture(params=["tiny_bert", "tiny_llama"])
def named_model(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """An encoder and a decoder with grouped heads."""
    return request.param, request.getfixturevalue(request.param)


def _output(model: Any, ids: Any) -> Any:
    with torch.no_grad():
        return model(input_ids=ids)[0]


def mask_units(model: Any, heads: list[list[int]], neurons: list[list[int]]) -> None:
    """Silence every unit that is not kept without changing a shape: what pruning must be equal to."""
    for layer, groups, units in zip(layers_of(model), heads, neurons, strict=True):
        size = layer.head_size * layer.group
        for path, kept in (
            (layer.out, [group * size + entry for group in groups for entry in range(size)]),
            (layer.falling, units),
        ):
            weight = layer.part(path).weight
            silent = [column for column in range(weight.shape[1]) if column not in kept]
            with torch.no_grad():
                weight[:, silent] = 0.0


def test_pruned_equals_masked(named_model: tuple[str, Any], ids: Any) -> None:
    name, model = named_model
    masked = copy.deepcopy(model)
    mask_units(masked, _HEADS[name], _NEURONS)
    before = sum(each.numel() for each in model.parameters())
    prune_heads(model, _HEADS[name])
    prune_neurons(model, _NEURONS)
    assert sum(each.numel() for each in model.parameters()) < before
    assert torch.allclose(_output(model, ids), _output(masked, ids), atol=1e-5)


def test_counts_after_pruning_are_exact(named_model: tuple[str, Any]) -> None:
    name, model = named_model
    prune_heads(model, _HEADS[name])
    prune_neurons(model, _NEURONS)
    assert [(layer.groups, layer.neurons) for layer in layers_of(model)] == [
        (len(heads), len(neurons)) for heads, neurons in zip(_HEADS[name], _NEURONS, strict=True)
    ]


def test_a_fresh_model_takes_the_shape_of_pruned_weights(named_model: tuple[str, Any], ids: Any) -> None:
    name, model = named_model
    fresh = copy.deepcopy(model)
    prune_heads(model, _HEADS[name])
    prune_neurons(model, _NEURONS)
    prune_layers(model, [0.1, 0.3, 0.2], 1)
    fit_to_state(fresh, model.state_dict())
    assert torch.equal(_output(fresh, ids), _output(model, ids))


def test_a_decoder_pruned_evenly_is_a_plain_hugging_face_model(tiny_llama: Any, ids: Any) -> None:
    prune_heads(tiny_llama, [[1], [0], [0]])
    prune_neurons(tiny_llama, [list(range(30))] * 3)
    plain = type(tiny_llama)(tiny_llama.config).eval()
    plain.load_state_dict(tiny_llama.state_dict())
    assert torch.allclose(_output(plain, ids), _output(tiny_llama, ids), atol=1e-6)


def test_a_pruned_decoder_generates_with_its_cache(tiny_llama: Any, ids: Any) -> None:
    prune_layers(tiny_llama, [0.1, 0.3, 0.2], 1)
    prune_heads(tiny_llama, [[1], [0, 1]])
    cached = tiny_llama.generate(ids, max_new_tokens=5, do_sample=False, pad_token_id=0)
    plain = tiny_llama.generate(ids, max_new_tokens=5, do_sample=False, pad_token_id=0, use_cache=False)
    assert torch.equal(cached, plain)


def test_the_least_important_units_of_all_layers_go() -> None:
    importance = [torch.tensor([5.0, 1.0, 4.0]), torch.tensor([0.1, 0.2, 0.3])]
    # Three of six: the two small ones of the second layer, whose best is safe, and the smallest of the first.
    assert choose_units(importance, 0.5) == [[0, 2], [2]]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.66])
def test_exactly_the_share_of_units_goes(share: float) -> None:
    importance = [torch.rand(7, generator=torch.Generator().manual_seed(layer)) for layer in range(4)]
    assert sum(map(len, choose_units(importance, share))) == 28 - round(share * 28)


def test_even_pruning_keeps_the_same_number_in_each_layer() -> None:
    importance = [torch.tensor([5.0, 1.0, 4.0, 3.0]), torch.tensor([0.1, 0.4, 0.3, 0.2])]
    assert choose_units(importance, 0.5, even=True) == [[0, 2], [1, 2]]


def test_a_unit_that_does_nothing_has_no_importance(tiny_bert: Any, ids: Any) -> None:
    kept = [[0, 1, 3]] * 3
    mask_units(tiny_bert, kept, [list(range(20))] * 3)
    heads, neurons = by_gradient(tiny_bert, [ids], lambda batch: tiny_bert(input_ids=batch)[0].square()[:, 0].mean())
    for by_layer in (heads, heads_by_magnitude(tiny_bert)):
        assert all(float(layer[2]) == 0 and float(layer[[0, 1, 3]].min()) > 0 for layer in by_layer)
    for by_layer in (neurons, neurons_by_magnitude(tiny_bert)):
        assert all(float(layer[20:].sum()) == 0 and float(layer[:20].min()) > 0 for layer in by_layer)


def test_importance_by_gradient_is_the_change_of_the_loss(tiny_bert: Any, ids: Any) -> None:
    # To first order: a head scaled down by a little changes the loss by little x its importance.
    def loss(batch: Any) -> Any:
        return (tiny_bert(input_ids=batch)[0][:, 0] @ torch.linspace(-1, 2, 32).square()).mean()

    single = ids[:1]
    heads, _ = by_gradient(tiny_bert, [single], loss)
    weight = layers_of(tiny_bert)[2].part("attention.output.dense").weight
    changes = []
    for head in range(4):
        with torch.no_grad():
            before = float(loss(single))
            saved = weight.clone()
            weight[:, head * 8 : head * 8 + 8] *= 1 - 1e-2
            changes.append(abs(loss(single).item() - before))
            weight.copy_(saved)
    measured = torch.tensor(changes) / torch.tensor(changes).norm()
    assert torch.allclose(measured, heads[2].float(), atol=0.05)


def test_a_layer_that_changes_nothing_is_the_first_to_go(tiny_llama: Any, ids: Any) -> None:
    with torch.no_grad():
        tiny_llama.model.layers[1].self_attn.o_proj.weight.zero_()
        tiny_llama.model.layers[1].mlp.down_proj.weight.zero_()
    before = _output(tiny_llama, ids)
    importance = layers_by_change(tiny_llama, [ids], lambda batch: tiny_llama(input_ids=batch))
    assert prune_layers(tiny_llama, importance, 1) == [0, 2]
    assert torch.allclose(_output(tiny_llama, ids), before, atol=1e-6)


def test_the_last_head_of_a_layer_cannot_go(tiny_bert: Any) -> None:
    with pytest.raises(ValueError, match="keeps one or more"):
        prune_heads(tiny_bert, [[], [0], [0]])


def test_a_model_of_an_unknown_family_is_named() -> None:
    with pytest.raises(ValueError, match="Linear has no layers of a known family"):
        layers_of(torch.nn.Linear(2, 2))
