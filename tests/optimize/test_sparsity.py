"""Unstructured pruning: exact counts, the schedules, and masks that hold during training."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the optimize extra")

from shopbot.optimize.compression import sparsity  # noqa: E402


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), share=st.floats(0, 1), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_exactly_the_share_goes_and_it_is_the_smallest(rows: int, columns: int, share: float, seed: int) -> None:
    # Few distinct values, so that ties are common.
    weights = torch.randint(-2, 3, (rows, columns), generator=torch.Generator().manual_seed(seed)).float()
    mask = sparsity.magnitude_masks({"w": weights}, share)["w"]
    gone, kept = weights[~mask].abs(), weights[mask].abs()
    assert len(gone) == round(share * rows * columns)
    assert not len(gone) or not len(kept) or float(gone.max()) <= float(kept.min())


@pytest.mark.parametrize(
    ("name", "expected"),
    [("constant", [0.8, 0.8, 0.8]), ("linear", [0.0, 0.4, 0.8]), ("cubic", [0.0, 0.7, 0.8])],
)
def test_schedule_at_its_start_middle_and_end(name: str, expected: list[float]) -> None:
    assert [sparsity.SCHEDULES[name](step, 10, 0.8) for step in (0, 5, 10)] == pytest.approx(expected)


@given(step=st.integers(0, 99), target=st.floats(0, 1))
def test_a_schedule_never_goes_back_or_too_far(step: int, target: float) -> None:
    for schedule in sparsity.SCHEDULES.values():
        now, then = schedule(step, 80, target), schedule(step + 1, 80, target)
        assert -1e-9 <= now <= then + 1e-9 <= target + 2e-9


def test_pruning_while_training_ends_exactly_at_the_target() -> None:
    torch.manual_seed(1)
    model: Any = torch.nn.Sequential(torch.nn.Linear(10, 10), torch.nn.ReLU(), torch.nn.Linear(10, 2))
    pruning = sparsity.GradualPruning(model, 0.5, until=0.5, every=3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(1, 21):
        optimizer.zero_grad()
        model(torch.randn(4, 10)).square().sum().backward()
        optimizer.step()
        pruning(step, 20)
    assert {name: int((weight == 0).sum()) for name, weight in sparsity.prunable(model).items()} == {
        "0.weight": 50,
        "2.weight": 10,
    }


def test_an_unknown_schedule_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="'steep'; there are constant, linear, cubic"):
        sparsity.GradualPruning(torch.nn.Linear(2, 2), 0.5, schedule="steep")


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sparsity is 1\.5"):
        sparsity.magnitude_masks({}, 1.5)
