"""Quantisation: errors within half a step, ranges that were really seen, graphs that still answer."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

torch = pytest.importorskip("torch", reason="needs the optimize extra")
pytest.importorskip("onnxscript", reason="needs the optimize extra")
onnx = pytest.importorskip("onnx", reason="needs the optimize extra")

from shopbot.optimize.compression import quantise  # noqa: E402
from shopbot.optimize.compression.graph_weights import bfloat16_bits  # noqa: E402
from shopbot.optimize.config import CalibrationMethod  # noqa: E402

_WIDTH, _ROWS = 64, 96


@given(
    weights=arrays(np.float32, (5, 7), elements=st.floats(-100, 100, width=32)),
    bits=st.integers(2, 8),
    axis=st.sampled_from([0, 1, None]),
)
@settings(max_examples=80, deadline=None)
def test_no_weight_moves_by_more_than_half_a_step(weights: Any, bits: int, axis: int | None) -> None:
    integers, scale = quantise.quantise_array(weights, bits, axis)
    assert np.abs(integers).max() <= 2 ** (bits - 1) - 1
    assert (np.abs(integers * scale - weights) <= scale * 0.5001 + 1e-30).all()


def test_a_scale_for_each_channel_saves_the_small_ones() -> None:
    weights = np.array([[100.0, -50.0], [0.01, 0.02]], dtype=np.float32)
    errors = []
    for axis in (None, 0):
        integers, scale = quantise.quantise_array(weights, 8, axis)
        errors.append(float(np.abs(integers * scale - weights)[1].max()))
    assert errors[0] == pytest.approx(0.02)
    assert errors[1] <= 0.02 / 127 / 2 + 1e-9


@given(arrays(np.float32, 20, elements=st.floats(-(2.0**90), 2.0**90, width=32)))
@settings(max_examples=60, deadline=None)
def test_bfloat16_is_torchs(values: Any) -> None:
    expected = torch.from_numpy(values).bfloat16().view(torch.int16).numpy().view(np.uint16)
    assert (bfloat16_bits(values) == expected).all()


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float32 graph: a table, two layers and a head; ids (batch, length) to logits (batch, 5)."""
    torch.manual_seed(5)

    class Network(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Embedding(_ROWS, _WIDTH)
            self.inner = torch.nn.Linear(_WIDTH, _WIDTH)
            self.outer = torch.nn.Linear(_WIDTH, _WIDTH)
            self.head = torch.nn.Linear(_WIDTH, 5)

        def forward(self, ids: Any) -> Any:
            hidden = self.outer(torch.relu(self.inner(self.table(ids))))
            return self.head(hidden.mean(1))

    file = tmp_path_factory.mktemp("graph") / "float.onnx"
    length = torch.export.Dim("length", max=64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns about itself
        program = torch.onnx.export(
            Network().eval(),
            (torch.ones((2, 8), dtype=torch.long),),
            dynamo=True,
            verbose=False,
            input_names=["ids"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch"), 1: length},),
        )
    program.save(file)
    return file


@pytest.fixture(scope="module")
def feeds() -> list[dict[str, Any]]:
    """Ten batches."""
    random = np.random.default_rng(2)
    return [{"ids": random.integers(0, _ROWS, (4, 9))} for _ in range(10)]


def _logits(file: Path, feeds: list[dict[str, Any]]) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, feed)[0] for feed in feeds])


def _operators(file: Path) -> set[str]:
    return {node.op_type for node in onnx.load(str(file)).graph.node}


def _error(file: Path, graph: Path, feeds: list[dict[str, Any]]) -> float:
    exact = _logits(graph, feeds)
    return float(np.linalg.norm(_logits(file, feeds) - exact) / np.linalg.norm(exact))


def test_dynamic_int8_is_near_and_a_quarter_of_the_size(graph: Path, feeds: Any, tmp_path: Path) -> None:
    quantise.dynamic_int8(graph, tmp_path / "int8.onnx")
    assert _error(tmp_path / "int8.onnx", graph, feeds) < 0.03
    assert (tmp_path / "int8.onnx").stat().st_size < 0.45 * graph.stat().st_size
    assert {"MatMulInteger", "DynamicQuantizeLinear"} <= _operators(tmp_path / "int8.onnx")


@pytest.mark.parametrize("method", ["minmax", "entropy", "percentile"])
def test_static_int8_uses_ranges_that_were_seen(
    graph: Path, feeds: Any, tmp_path: Path, method: CalibrationMethod
) -> None:
    ranges = quantise.calibrate(graph, feeds, tmp_path / "ranges.json", method)
    assert ranges == quantise.read_ranges(tmp_path / "ranges.json")
    assert all(low <= high for low, high in ranges.values())
    quantise.static_int8(graph, tmp_path / "static.onnx", tmp_path / "ranges.json")
    assert "DynamicQuantizeLinear" not in _operators(tmp_path / "static.onnx")
    assert _error(tmp_path / "static.onnx", graph, feeds) < 0.15


def test_minmax_ranges_are_the_extremes_of_the_data(graph: Path, feeds: Any, tmp_path: Path) -> None:
    ranges = quantise.calibrate(graph, feeds, tmp_path / "ranges.json", "minmax")
    logits = _logits(graph, feeds)
    assert ranges["logits"] == pytest.approx((min(logits.min(), 0), max(logits.max(), 0)), rel=1e-5)


@pytest.mark.parametrize(("bits", "bound"), [(8, 0.02), (4, 0.2)])
def test_weights_only_stays_within_its_bits(graph: Path, feeds: Any, tmp_path: Path, bits: Any, bound: float) -> None:
    quantise.weights_only(graph, tmp_path / "few.onnx", bits=bits, exact=True)
    assert _error(tmp_path / "few.onnx", graph, feeds) < bound
    assert "MatMulNBits" in _operators(tmp_path / "few.onnx")


@pytest.mark.parametrize(("kind", "bound"), [("float16", 1e-3), ("bfloat16", 1e-2)])
def test_half_is_half_the_size(graph: Path, feeds: Any, tmp_path: Path, kind: Any, bound: float) -> None:
    quantise.half(graph, tmp_path / "half.onnx", kind)
    assert 0 < _error(tmp_path / "half.onnx", graph, feeds) < bound
    assert (tmp_path / "half.onnx").stat().st_size < 0.65 * graph.stat().st_size


def test_int8_table_alone_moves_no_row_by_more_than_half_a_step(graph: Path, feeds: Any, tmp_path: Path) -> None:
    assert quantise.int8_table(graph, tmp_path / "table.onnx") == 1
    assert _error(tmp_path / "table.onnx", graph, feeds) < 0.02


def test_calibration_without_data_is_refused(graph: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one batch"):
        quantise.calibrate(graph, [], tmp_path / "ranges.json")


def test_an_unknown_method_is_named(graph: Path, feeds: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'guess'; there are minmax, entropy, percentile"):
        quantise.calibrate(graph, feeds, tmp_path / "ranges.json", "guess")  # type: ignore[arg-type]
