"""What an ONNX graph costs: its parameters, and the floating-point operations of one run on real inputs.

Operations are counted from the shapes that onnxruntime reports while it runs, so fused and quantised operators count
as the multiplications that they stand for.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_PRODUCTS = {
    "MatMul",
    "Gemm",
    "FusedMatMul",
    "FusedGemm",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "DynamicQuantizeMatMul",
    "QLinearMatMul",
    "MatMulNBits",
}
_BOOKKEEPING = ("_scale", "_zero_point", "_scales", "_zp", "_DQ_Q4", "_row_scale")


def parameters_of(graph_file: Path) -> int:
    """Weights of the network that the graph stands for, of whatever precision; scales and zero points do not count."""
    import onnx

    graph = onnx.load(str(graph_file)).graph
    packed = {node.input[1]: node for node in graph.node if node.op_type == "MatMulNBits"}
    aside = {name for node in packed.values() for name in node.input[2:]}
    total = 0
    for tensor in graph.initializer:
        if tensor.name in packed:
            sizes = {attribute.name: attribute.i for attribute in packed[tensor.name].attribute}
            total += sizes["K"] * sizes["N"]
        elif tensor.name not in aside and tensor.data_type in _number_types() and not _is_aside(tensor.name):
            total += math.prod(tensor.dims)
    return total


def flops_of(graph_file: Path, feed: Mapping[str, Any]) -> int:
    """Operations of the matrix products in one run on `feed`: 2 x inner length for each number they put out.

    Everything else (norms, softmax, look-ups) is left out; in a transformer it is below one per cent.
    """
    import onnxruntime

    with tempfile.TemporaryDirectory(prefix="profile-") as folder:
        options = onnxruntime.SessionOptions()
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "run")
        options.log_severity_level = 3
        # Unfused: fusion would hide attention's products in one operator.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(str(graph_file), options, providers=["CPUExecutionProvider"])
        session.run(None, dict(feed))
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return sum(_flops(event["args"]) for event in events if event.get("args", {}).get("op_name") in _PRODUCTS)


def _flops(event: Mapping[str, Any]) -> int:
    inputs, outputs = event.get("input_type_shape"), event.get("output_type_shape")
    if not inputs or not outputs:
        return 0
    (left,), (out,) = inputs[0].values(), outputs[0].values()
    return 2 * int(left[-1]) * int(np.prod(out, dtype=np.int64))


def _is_aside(name: str) -> bool:
    return name.endswith(_BOOKKEEPING)


def _number_types() -> set[int]:
    from onnx import TensorProto

    kinds = ("FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE", "INT8", "UINT8", "INT4", "UINT4")
    return {getattr(TensorProto, kind) for kind in kinds}
