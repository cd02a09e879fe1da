"""The distillation losses, against numbers worked by hand and against torch's own."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the optimize extra")

from shopbot.optimize.distillation import losses  # noqa: E402


def _random(*shape: int, seed: int = 0) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_loss_of_a_worked_example() -> None:
    # At T = 2 the teacher's logits (2 ln 3, 0) are (3/4, 1/4), the student's (0, 0) are (1/2, 1/2).
    expected = 2**2 * (0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5))
    loss = losses.soft_loss(torch.zeros(1, 2), torch.tensor([[2 * math.log(3.0), 0.0]]), temperature=2.0)
    assert float(loss) == pytest.approx(expected, abs=1e-6)


@given(temperature=st.floats(0.5, 20), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_soft_loss_is_torchs_kl_times_temperature_squared(temperature: float, seed: int) -> None:
    student, teacher = _random(4, 6, seed=seed), _random(4, 6, seed=seed + 1)
    expected = torch.nn.functional.kl_div(
        (student / temperature).log_softmax(-1),
        (teacher / temperature).log_softmax(-1),
        reduction="batchmean",
        log_target=True,
    )
    loss = losses.soft_loss(student, teacher, temperature)
    assert float(loss) == pytest.approx(float(expected) * temperature**2, rel=1e-4, abs=1e-6)


def test_gradient_keeps_its_size_as_the_temperature_rises() -> None:
    # Hinton et al., section 2.1: at high temperatures T² x KL has the gradient (v - z) / N of centred logits.
    student, teacher = _random(1, 5).requires_grad_(), _random(1, 5, seed=1)
    losses.soft_loss(student, teacher, 200.0).backward()
    centred = (student - student.mean()) - (teacher - teacher.mean())
    assert torch.allclose(student.grad, centred.detach() / 5, atol=2e-3)


def test_without_the_square_the_gradient_would_shrink() -> None:
    sizes = []
    for temperature in (10.0, 20.0):
        student = _random(1, 5).requires_grad_()
        (losses.soft_loss(student, _random(1, 5, seed=1), temperature) / temperature**2).backward()
        sizes.append(float(student.grad.norm()))
    assert sizes[0] / sizes[1] == pytest.approx(4.0, rel=0.1)


def _every_loss(student: Any, teacher: Any) -> dict[str, Any]:
    maps = torch.softmax(student, -1)[None, None], torch.softmax(teacher, -1)[None, None]
    return {
        "soft": losses.soft_loss(student, teacher),
        "multilabel": losses.multilabel_distillation_loss(student, teacher, torch.ones_like(student)),
        "hidden": losses.hidden_state_loss(student, teacher),
        "attention": losses.attention_loss(*maps),
        "distance": losses.distance_loss(student, teacher),
        "angle": losses.angle_loss(student, teacher),
    }


@pytest.mark.parametrize("name", ["soft", "multilabel", "hidden", "attention", "distance", "angle"])
def test_only_the_student_gets_a_gradient(name: str) -> None:
    student, teacher = _random(3, 3).requires_grad_(), _random(3, 3, seed=1).requires_grad_()
    _every_loss(student, teacher)[name].backward()
    assert teacher.grad is None
    assert float(student.grad.abs().sum()) > 0


@pytest.mark.parametrize("name", ["soft", "hidden", "attention", "distance", "angle"])
def test_a_student_equal_to_its_teacher_has_nothing_to_learn(name: str) -> None:
    teacher = _random(3, 3)
    assert float(_every_loss(teacher.clone(), teacher)[name]) == pytest.approx(0.0, abs=1e-6)


def test_a_forbidden_class_neither_counts_nor_spoils_the_gradient() -> None:
    student = _random(2, 3).requires_grad_()
    barred = torch.tensor([[0.0, 0.0, -math.inf]] * 2)
    teacher = _random(2, 3, seed=1) + barred
    loss = losses.soft_loss(student + barred, teacher)
    loss.backward()
    assert loss.item() == pytest.approx(losses.soft_loss(student[:, :2], teacher[:, :2]).item(), rel=1e-5)
    assert torch.isfinite(student.grad).all()
    assert float(student.grad[:, 2].abs().sum()) == 0


def test_multilabel_kl_is_that_of_two_classes_each() -> None:
    student, teacher = _random(4, 3), _random(4, 3, seed=1)

    def as_two(logits: Any) -> Any:
        return torch.stack([logits, torch.zeros_like(logits)], -1)

    expected = 3 * losses.soft_loss(as_two(student), as_two(teacher), 2.0)
    assert float(losses.bernoulli_kl(student, teacher, 2.0)) == pytest.approx(float(expected), rel=1e-4)


def test_relations_ignore_scale_and_rotation() -> None:
    student = _random(5, 4)
    turned = 3.0 * student @ torch.linalg.qr(_random(4, 4, seed=2)).Q
    assert float(losses.distance_loss(student, turned)) == pytest.approx(0.0, abs=1e-6)
    assert float(losses.angle_loss(student, turned)) == pytest.approx(0.0, abs=1e-6)


def test_relations_of_equal_rows_have_a_finite_gradient() -> None:
    student = torch.ones(3, 4, requires_grad=True)
    (losses.distance_loss(student, _random(3, 4)) + losses.angle_loss(student, _random(3, 4))).backward()
    assert torch.isfinite(student.grad).all()


def test_a_projection_bridges_widths_and_learns() -> None:
    bridge = torch.nn.Linear(2, 4)
    losses.hidden_state_loss(_random(3, 5, 2), _random(3, 5, 4), bridge).backward()
    assert bridge.weight.grad is not None


def test_padding_does_not_count() -> None:
    student, teacher = _random(1, 3, 2), _random(1, 3, 2, seed=1)
    masked = losses.hidden_state_loss(student, teacher, mask=torch.tensor([[1, 1, 0]]))
    assert float(masked) == pytest.approx(float(losses.hidden_state_loss(student[:, :2], teacher[:, :2])))


def test_every_peer_learns_from_the_others_and_none_is_pulled_back() -> None:
    peers = [_random(2, 3, seed=seed).requires_grad_() for seed in range(2)]
    losses.peer_loss(peers).backward()
    alone = peers[0].detach().clone().requires_grad_()
    losses.soft_loss(alone, peers[1]).backward()
    assert torch.allclose(peers[0].grad, alone.grad, atol=1e-6)
    assert losses.peer_loss(peers[:1]).item() == 0
