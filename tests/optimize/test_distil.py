"""Teachers: frozen, averaged, cached; students: which layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the optimize extra")

from shopbot.optimize.compression import students  # noqa: E402
from shopbot.optimize.distillation import distil  # noqa: E402


def test_a_frozen_teacher_has_nothing_to_train(tiny_bert: Any) -> None:
    teacher = distil.freeze(tiny_bert.train())
    assert not teacher.training
    assert not any(each.requires_grad for each in teacher.parameters())


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_average_teacher_gives_the_mean_probability(temperature: float) -> None:
    logits = [torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([[0.0, 3.0, 0.0]])]
    mean = torch.stack([torch.softmax(each / temperature, -1) for each in logits]).mean(0)
    averaged = torch.softmax(distil.average_teachers(logits, temperature) / temperature, -1)
    assert torch.allclose(averaged, mean, atol=1e-6)


def test_cached_logits_are_computed_once_and_resumed(tmp_path: Path) -> None:
    batches = [torch.full((2, 3), float(number)) for number in range(150)]
    seen: list[int] = []

    def logits_of(batch: Any) -> Any:
        if len(seen) == 100 and not (tmp_path / "survived").exists():
            (tmp_path / "survived").touch()
            raise KeyboardInterrupt
        seen.append(int(batch[0, 0]))
        return batch

    with pytest.raises(KeyboardInterrupt):
        distil.cached_logits(tmp_path / "teacher.npz", batches, logits_of)
    logits = distil.cached_logits(tmp_path / "teacher.npz", batches, logits_of)
    assert len(seen) - 100 == 150 - 64
    assert np.array_equal(logits, torch.cat(batches).numpy())
    assert np.array_equal(distil.cached_logits(tmp_path / "teacher.npz", [], logits_of), logits)


@pytest.mark.parametrize(
    ("layers", "keep", "chosen"),
    [(6, 3, [0, 2, 5]), (6, 2, [0, 5]), (12, 4, [0, 4, 7, 11]), (6, 1, [0]), (6, 6, list(range(6)))],
)
def test_layers_are_evenly_spaced_with_first_and_last(layers: int, keep: int, chosen: list[int]) -> None:
    assert students.evenly_spaced(layers, keep) == chosen


def test_a_student_by_layers_starts_as_its_teacher(tiny_bert: Any, ids: Any) -> None:
    student = students.student_by_layers(distil.freeze(tiny_bert), 2)
    assert student.config.num_hidden_layers == 2
    assert tiny_bert.config.num_hidden_layers == 3
    theirs = tiny_bert.encoder.layer[2].output.dense.weight
    assert torch.equal(student.encoder.layer[1].output.dense.weight, theirs)
    assert all(each.requires_grad for each in student.parameters())
    assert student(input_ids=ids)[0].shape == (2, 5, 32)


def test_too_many_layers_are_refused(tiny_bert: Any) -> None:
    with pytest.raises(ValueError, match="4 layers cannot be cut from 3"):
        students.student_by_layers(tiny_bert, 4)
