"""Quantisation-aware training: what the forward pass rounds, and what it is good for."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the optimize extra")

from shopbot.optimize.compression.fake_quantise import remove_fake_quantisation, with_fake_quantisation  # noqa: E402
from shopbot.optimize.compression.quantise import quantise_array  # noqa: E402


def test_weights_are_those_that_quantisation_will_make_and_learn_all_the_same() -> None:
    torch.manual_seed(1)
    (layer,) = with_fake_quantisation(torch.nn.Sequential(torch.nn.Linear(6, 4)))
    stored = layer.parametrizations.weight.original
    integers, scale = quantise_array(stored.detach().numpy(), 8, axis=0)
    assert torch.allclose(layer.weight, torch.from_numpy(integers * scale), atol=1e-6)
    layer.weight.sum().backward()
    assert torch.equal(stored.grad, torch.ones(4, 6))


def test_removing_it_gives_the_plain_network_back() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 4))
    inputs, names = torch.randn(3, 6), set(model.state_dict())
    before = model(inputs)
    with_fake_quantisation(model)
    assert not torch.equal(model(inputs), before)
    remove_fake_quantisation(model)
    assert torch.equal(model(inputs), before)
    assert set(model.state_dict()) == names


def test_training_with_two_bits_beats_rounding_afterwards() -> None:
    torch.manual_seed(1)
    inputs = torch.randn(256, 8)
    target = inputs @ torch.randn(8, 3)

    def error_of(aware: bool) -> float:
        torch.manual_seed(2)
        model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3))
        if aware:
            with_fake_quantisation(model, bits=2)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
        for _ in range(150):
            optimizer.zero_grad()
            (model(inputs) - target).square().mean().backward()
            optimizer.step()
        if not aware:
            with_fake_quantisation(model, bits=2)
        return float((model(inputs) - target).square().mean().detach())

    assert error_of(aware=True) < 0.5 * error_of(aware=False)
