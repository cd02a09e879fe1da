"""The training loop: the same run for the same seed, also when it was killed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the optimize extra")

from shopbot.optimize.config import Schedule  # noqa: E402
from shopbot.optimize.training import Progress, fit  # noqa: E402

_STEPS = 10


def _batches(epoch: int) -> Iterator[Any]:
    order = torch.Generator().manual_seed(epoch)
    return (torch.randn(4, 3, generator=order) for _ in range(_STEPS))


def _run(folder: Path | None, killed_at: int | None = None) -> tuple[Any, list[int]]:
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
    steps: list[int] = []

    def watch(progress: Progress) -> None:
        steps.append(progress.step)
        if progress.step == killed_at:
            raise KeyboardInterrupt

    schedule = Schedule(epochs=3, rate=0.01, checkpoint_every=4)
    try:
        fit(model, lambda rows: model(rows).square().mean(), _batches, _STEPS, schedule, folder=folder, on_step=watch)
    except KeyboardInterrupt:
        return model, steps
    return model, steps


def test_a_killed_run_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole, _ = _run(None)
    _run(tmp_path, killed_at=15)
    resumed, steps = _run(tmp_path)
    assert steps == list(range(13, 31))
    for ours, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    _run(tmp_path)
    assert _run(tmp_path)[1] == []


def test_a_checkpoint_of_another_run_is_named(tmp_path: Path) -> None:
    _run(tmp_path, killed_at=15)
    other = torch.nn.Linear(3, 1)
    with pytest.raises(ValueError, match=r"checkpoint\.pt is the checkpoint of a run of another shape"):
        fit(other, lambda rows: other(rows).sum(), _batches, _STEPS, Schedule(), folder=tmp_path)


def test_the_rate_rises_then_falls() -> None:
    schedule = Schedule(warm_up=0.1)
    assert [schedule.share_of_rate(step, 100) for step in (0, 5, 10, 55, 100)] == [0.0, 0.5, 1.0, 0.5, 0.01]


def test_what_is_frozen_stays() -> None:
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 1))
    model[0].weight.requires_grad_(False)
    before = model[0].weight.clone()
    fit(model, lambda rows: model(rows).square().mean(), _batches, _STEPS, Schedule(epochs=1, rate=0.1))
    assert torch.equal(model[0].weight, before)
