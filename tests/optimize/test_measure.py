"""Measuring: calibration by hand, latency in turns, costs counted exactly."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.optimize.measurement.calibration import expected_calibration_error, reliability
from shopbot.optimize.measurement.latency import interleaved, machine


def test_calibration_error_by_hand() -> None:
    # Two bins: (.9, .8, .9 -> two of three right) and (.3, .3 -> one of two right).
    error = expected_calibration_error([0.9, 0.8, 0.9, 0.3, 0.3], [True, True, False, True, False], bins=2)
    assert error == pytest.approx(3 / 5 * abs(2 / 3 - 2.6 / 3) + 2 / 5 * abs(0.5 - 0.3))


def test_a_confidence_that_is_its_accuracy_has_no_error() -> None:
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)


def test_always_sure_and_always_wrong_is_the_worst() -> None:
    assert expected_calibration_error([1.0] * 3, [False] * 3) == 1.0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_every_decision_is_in_one_bin(decisions: list[tuple[float, bool]]) -> None:
    confidence, right = [sure for sure, _ in decisions], [good for _, good in decisions]
    curve = reliability(confidence, right)
    assert sum(each.count for each in curve) == len(decisions)
    assert sum(each.count * each.accuracy for each in curve) == pytest.approx(sum(right))
    assert 0 <= expected_calibration_error(confidence, right) <= 1


def test_what_is_no_probability_is_named() -> None:
    with pytest.raises(ValueError, match=r"confidences run from 0\.5 to 3"):
        reliability([0.5, 3.0], [True, True])


def test_contestants_take_turns_and_each_goes_first_equally_often() -> None:
    order: list[str] = []

    def contestant(name: str) -> object:
        return lambda items: order.append(name)

    names = ("a", "b", "c")
    timed = interleaved({name: contestant(name) for name in names}, [1], rounds=6, warm=3)  # type: ignore[misc]
    rounds = [order[start : start + 3] for start in range(0, len(order), 3)]
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert sorted(one[0] for one in rounds[3:]) == ["a", "a", "b", "b", "c", "c"]
    assert {each.calls for each in timed.values()} == {6}


def test_all_contestants_get_the_same_batches() -> None:
    seen: dict[str, list[Sequence[int]]] = {"one": [], "other": []}
    interleaved({name: seen[name].append for name in seen}, [1, 2, 3], batch=2, rounds=3, warm=0)
    assert seen["one"] == seen["other"] == [[1, 2], [3, 1], [2, 3]]


def test_the_machine_is_told() -> None:
    assert machine()["cores"] >= 1


def _graph(file: Path, bits: int | None = None) -> Path:
    onnx = pytest.importorskip("onnx", reason="needs the optimize extra")
    pytest.importorskip("onnx_ir", reason="needs the optimize extra")
    from onnx import TensorProto, helper, numpy_helper

    rng = random.Random(1)
    weights = np.array([[rng.gauss(0, 1) for _ in range(64)] for _ in range(32)], dtype=np.float32)
    bias = np.zeros(64, np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["xw"]), helper.make_node("Add", ["xw", "b"], ["y"])],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "length", 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "length", 64])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(file))
    return file


def test_operations_of_one_matrix_by_hand(tmp_path: Path) -> None:
    from shopbot.optimize.measurement.graph_cost import flops_of

    feed = {"x": np.zeros((2, 5, 32), np.float32)}
    assert flops_of(_graph(tmp_path / "g.onnx"), feed) == 2 * (2 * 5) * 32 * 64


def test_parameters_of_one_layer_by_hand_whatever_the_bits(tmp_path: Path) -> None:
    from shopbot.optimize.compression import quantise
    from shopbot.optimize.measurement.graph_cost import parameters_of

    graph = _graph(tmp_path / "g.onnx")
    quantise.weights_only(graph, tmp_path / "four.onnx", bits=4)
    quantise.dynamic_int8(graph, tmp_path / "eight.onnx")
    assert [parameters_of(tmp_path / name) for name in ("g.onnx", "four.onnx", "eight.onnx")] == [32 * 64 + 64] * 3
