"""Quantisation of ONNX graphs after training, by onnxruntime.quantization and, for tables and halves, by hand.

    dynamic_int8   int8 weights; activations quantised as they come, with the range of each batch
    static_int8    int8 weights and activations, with ranges calibrated over real data (`calibrate`)
    weights_only   4- or 8-bit weights in blocks (MatMulNBits), activations stay float
    half           weights stored as float16 or bfloat16, widened when the graph is loaded
    int8_table     int8 token table, one scale a row (also part of both int8 forms)

Each reads one file and writes another. What they do to accuracy and speed only a measurement tells.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.learned.predict import Feed
from shopbot.optimize.compression.graph_weights import half_weights, int8_tables
from shopbot.optimize.config import CalibrationMethod

_MATRICES = ("MatMul", "Gemm")
_FEEDS_AT_ONCE = 8
_PERCENTILE = 99.99


def quantise_array(
    weights: NDArray[np.float32], bits: int = 8, axis: int | None = 0
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric integers and their scales: weights are about integers x scale, at most half a scale away.

    Args:
        weights: any shape.
        bits: 2 to 8; the integers lie within ±(2^(bits - 1) - 1).
        axis: one scale for each index of this axis; one for all if None.

    Returns:
        Integers of the same shape, and scales that broadcast against them. All-zero channels get scale 1.
    """
    if not 2 <= bits <= 8:
        raise ValueError(f"{bits} bits were asked for; 2 to 8 fit into an int8")
    others = None if axis is None else tuple(each for each in range(weights.ndim) if each != axis % weights.ndim)
    top = 2 ** (bits - 1) - 1
    scale = np.abs(weights).max(axis=others, keepdims=True) / top
    scale = np.where(scale == 0, 1.0, scale).astype(np.float32)
    return np.clip(np.round(weights / scale), -top, top).astype(np.int8), scale


def dynamic_int8(source: Path, target: Path) -> None:
    """Int8 weights and token table; activations are quantised at run time, batch by batch.

    Weights have a scale per output channel: one for a whole matrix costs a sentence encoder twenty times more of its
    cosine.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _prepared(source) as prepared, _quietly():
        quantize_dynamic(
            prepared, target, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=[*_MATRICES]
        )
    int8_table(target, target)


def calibrate(
    source: Path, feeds: Iterable[Feed], ranges: Path, method: CalibrationMethod = "minmax"
) -> dict[str, tuple[float, float]]:
    """Run the graph over real data and keep the range of every activation that will be quantised.

    Args:
        feeds: a few dozen batches of the data that the graph will see.
        ranges: JSON file to write, which `static_int8` reads; `read_ranges` shows what is in it.
        method: the extremes seen; the clipping with the least KL divergence; or the 99.99th percentile of absolute
            values.

    Returns:
        Lowest and highest value by the name of the tensor.
    """
    from onnxruntime.quantization.calibrate import CalibrationMethod as OnnxMethod
    from onnxruntime.quantization.calibrate import create_calibrator, save_tensors_data

    methods = {
        "minmax": OnnxMethod.MinMax,
        "entropy": OnnxMethod.Entropy,
        "percentile": OnnxMethod.Percentile,
    }
    if method not in methods:
        raise ValueError(f"calibration method is {method!r}; there are {', '.join(methods)}")
    batches = list(feeds)
    if not batches:
        raise ValueError("calibration needs data: give at least one batch")
    settings = {"percentile": _PERCENTILE} if method == "percentile" else {}
    with _prepared(source) as prepared:
        calibrator = create_calibrator(
            prepared,
            [*_MATRICES],
            augmented_model_path=str(prepared.with_name("augmented.onnx")),
            calibrate_method=methods[method],
            extra_options=settings,
        )
        with _quietly():
            for some in _slices(batches, _FEEDS_AT_ONCE):
                calibrator.collect_data(_reader(some))
            data = calibrator.compute_data()
    ranges.parent.mkdir(parents=True, exist_ok=True)
    save_tensors_data(data, ranges)
    return read_ranges(ranges)


def read_ranges(ranges: Path) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each calibrated tensor, from the file that `calibrate` wrote."""
    from onnxruntime.quantization.calibrate import load_tensors_data

    values = {name: data.range_value for name, data in load_tensors_data(ranges).items()}
    return {name: (float(np.min(low)), float(np.max(high))) for name, (low, high) in values.items()}


def static_int8(source: Path, target: Path, ranges: Path) -> None:
    """Int8 weights and activations, in QuantizeLinear / DequantizeLinear form, with calibrated ranges.

    Args:
        ranges: what `calibrate` wrote for the same `source`.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.calibrate import load_tensors_data

    with _prepared(source) as prepared, _quietly():
        quantize_static(
            prepared,
            target,
            None,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*_MATRICES],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=load_tensors_data(ranges).calibration_method,
            calibration_cache_path=ranges,
            # Products of two activations (attention) stay float: they are few, and int8 costs them most.
            extra_options={"MatMulConstBOnly": True},
        )
    int8_table(target, target)


def weights_only(source: Path, target: Path, *, bits: Literal[4, 8] = 4, exact: bool = False) -> None:
    """Weights of 4 or 8 bits, a scale and a zero point for each block of 32 along the inputs (MatMulNBits).

    Args:
        exact: multiply in float32; else activations are rounded to int8 inside the kernel, which is faster.
    """
    import onnx

    model = onnx.load(str(source))
    with _quietly():
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        quantiser = MatMulNBitsQuantizer(
            model, bits=bits, block_size=32, accuracy_level=1 if exact else 4, op_types_to_quantize=("MatMul",)
        )
        quantiser.process()
        quantiser.model.save_model_to_file(str(target))
    int8_table(target, target)


def half(source: Path, target: Path, kind: Literal["float16", "bfloat16"] = "float16") -> None:
    """Store weights in 16 bits and widen them at load: half the file, the same speed, arithmetic stays float32."""
    import onnx

    model = onnx.load(str(source))
    half_weights(model.graph, kind)
    onnx.save(model, str(target))


def int8_table(source: Path, target: Path) -> int:
    """Store every table that ids look up as int8 with a scale for each row; returns how many there were."""
    import onnx

    model = onnx.load(str(source))
    tables = int8_tables(model.graph, lambda weights: quantise_array(weights, axis=0))
    onnx.save(model, str(target))
    return tables


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The quantiser prints, logs a line for each node, and at its import takes over the program's log."""
    root, before = logging.getLogger(), logging.root.manager.disable
    handlers, level = list(root.handlers), root.level
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
        root.handlers[:] = handlers
        root.setLevel(level)


class _prepared:  # noqa: N801 -- reads as a verb where it is used
    """A copy of the graph with its shapes inferred and trivial nodes folded, as the quantiser wants it."""

    def __init__(self, source: Path) -> None:
        self._source, self._folder = source, tempfile.TemporaryDirectory(prefix="quantise-")

    def __enter__(self) -> Path:
        from onnxruntime.quantization.shape_inference import quant_pre_process

        prepared = Path(self._folder.name) / "prepared.onnx"
        with _quietly():
            # Symbolic inference gives up on masks that torch exports, and then leaves files of its own behind.
            quant_pre_process(str(self._source), str(prepared), skip_symbolic_shape=True)
        _forget_shapes(prepared)
        return prepared

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _forget_shapes(file: Path) -> None:
    """Take the shapes of intermediate values out of a graph: folding nodes leaves some that no longer hold."""
    import onnx

    model = onnx.load(str(file))
    del model.graph.value_info[:]
    onnx.save(model, str(file))


def _reader(feeds: Sequence[Feed]) -> Any:
    from onnxruntime.quantization.calibrate import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            self._left = iter(feeds)

        def get_next(self) -> Feed | None:
            return next(self._left, None)

    return Reader()


def _slices(feeds: list[Feed], size: int) -> Iterable[list[Feed]]:
    return (feeds[start : start + size] for start in range(0, len(feeds), size))
