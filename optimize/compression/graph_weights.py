"""Edits of the weights inside an ONNX graph: tables as int8 with a scale a row, matrices as 16-bit floats.

Written with plain operators (Gather, Cast, Mul), so every runtime reads the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Rows = Callable[[NDArray[np.float32]], tuple[NDArray[np.int8], NDArray[np.float32]]]
_SMALL = 4096
"""Entries below which a tensor is not worth a node of its own."""


def int8_tables(graph: Any, quantise: Rows) -> int:
    """Replace each large float table that a Gather reads along axis 0; returns how many.

    Args:
        graph: an onnx GraphProto, changed in place.
        quantise: a (rows, width) table to int8 and scales of (rows, 1).
    """
    from onnx import TensorProto, helper, numpy_helper

    stored = {each.name: each for each in graph.initializer}
    readers = _readers(graph)
    nodes, count = [], 0
    for node in graph.node:
        table = stored.get(node.input[0]) if node.op_type == "Gather" and _axis(node) == 0 else None
        fits = table is not None and table.data_type == TensorProto.FLOAT and len(table.dims) == 2
        if table is None or not fits or np.prod(table.dims) < _SMALL or len(readers[table.name]) > 1:
            nodes.append(node)
            continue
        integers, scales = quantise(numpy_helper.to_array(table))
        name, ids, out = table.name, node.input[1], node.output[0]
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(integers, f"{name}_rows"))
        graph.initializer.append(numpy_helper.from_array(scales, f"{name}_row_scale"))
        nodes += [
            helper.make_node("Gather", [f"{name}_rows", ids], [f"{out}_rows"], f"{node.name}_rows", axis=0),
            helper.make_node(
                "Gather", [f"{name}_row_scale", ids], [f"{out}_row_scale"], f"{node.name}_row_scale", axis=0
            ),
            helper.make_node("Cast", [f"{out}_rows"], [f"{out}_float"], f"{node.name}_cast", to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{out}_float", f"{out}_row_scale"], [out], f"{node.name}_mul"),
        ]
        count += 1
    del graph.node[:]
    graph.node.extend(nodes)
    return count


def half_weights(graph: Any, kind: Literal["float16", "bfloat16"]) -> int:
    """Store each large float tensor in 16 bits, with a Cast back that onnxruntime folds at load; returns how many."""
    from onnx import TensorProto, helper

    element = {"float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16}[kind]
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _SMALL:
            continue
        small = _array(tensor).astype(np.float16) if kind == "float16" else bfloat16_bits(_array(tensor))
        casts.append(
            helper.make_node(
                "Cast", [f"{tensor.name}_half"], [tensor.name], f"{tensor.name}_cast", to=TensorProto.FLOAT
            )
        )
        stored = helper.make_tensor(f"{tensor.name}_half", element, tensor.dims, small.tobytes(), raw=True)
        graph.initializer.remove(tensor)
        graph.initializer.append(stored)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return len(casts)


def bfloat16_bits(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper 16 bits of each float32, rounded to the nearest, ties to even."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def _array(tensor: Any) -> NDArray[np.float32]:
    from onnx import numpy_helper

    return np.asarray(numpy_helper.to_array(tensor), dtype=np.float32)


def _axis(node: Any) -> int:
    return next((int(attribute.i) for attribute in node.attribute if attribute.name == "axis"), 0)


def _readers(graph: Any) -> dict[str, list[Any]]:
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    return readers
