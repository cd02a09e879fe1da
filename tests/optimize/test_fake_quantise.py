"""Quantisation-aware training: what the forward pass rounds, and what the gradient does not notice."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the optimize extra")

from shopbot.optimize.compression import fake_quantise  # noqa: E402
from shopbot.optimize.compression.quantise import quantise_array  # noqa: E402


def test_values_land_on_the_grid_and_the_gradient_passes_straight_through() -> None:
    values = torch.tensor([0.24, 0.26, -0.9, 9.0], requires_grad=True)
    rounded = fake_quantise.fake_quantise(values, torch.tensor(0.5), 0.0, -2, 2)
    rounded.sum().backward()
    assert rounded.tolist() == [0.0, 0.5, -1.0, 1.0]
    assert values.grad.tolist() == [1.0, 1.0, 1.0, 0.0]


def test_weights_are_those_that_quantisation_will_make() -> None:
    torch.manual_seed(1)
    model = fake_quantise.prepare(torch.nn.Sequential(torch.nn.Linear(6, 4)), activations=False)
    stored = model[0].parametrizations.weight.original.detach().numpy()
    integers, scale = quantise_array(stored, 8, axis=0)
    assert torch.allclose(model[0].weight, torch.from_numpy(integers * scale), atol=1e-6)


def test_finish_gives_the_plain_network_back() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 4))
    inputs, names = torch.randn(3, 6), set(model.state_dict())
    before = model(inputs)
    fake_quantise.prepare(model)
    assert not torch.equal(model(inputs), before)
    fake_quantise.finish(model)
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
            fake_quantise.prepare(model, bits=2, activations=False)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
        for _ in range(150):
            optimizer.zero_grad()
            (model(inputs) - target).square().mean().backward()
            optimizer.step()
        if not aware:
            fake_quantise.prepare(model, bits=2, activations=False)
        fake_quantise.finish(model, rounded=True)
        return float((model(inputs) - target).square().mean().detach())

    assert error_of(aware=True) < 0.5 * error_of(aware=False)
