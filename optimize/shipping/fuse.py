"""Rewrites a BERT encoder in int8 ONNX so that onnxruntime does in one step what the export spells out in many.

Query, key and value are one product, attention and GELU one node each, and a layer's normalisation is one that
onnxruntime computes with vectors (`InstanceNormalization` over each token; its `LayerNormalization` goes number by
number). Weights stay as they are and the result differs by rounding alone; a text takes two thirds of the time. There
is no mask any more: texts run one at a time, or several of one length.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopbot.errors import AgentError

MICROSOFT = "com.microsoft"
EPSILON = 1e-12
"""Of BERT's normalisations."""


class NotFusible(AgentError):
    """The graph is not that of a BERT encoder in dynamic int8, one scale an output channel."""


class Dense(NamedTuple):
    """A product with int8 weights of shape (in, out), a scale and a bias for each column."""

    weights: NDArray[np.int8]
    scales: NDArray[np.float32]
    biases: NDArray[np.float32]


def fuse(source: Path, target: Path, *, heads: int) -> None:
    """Write the fused encoder: `input_ids` of shape (batch, tokens) in, `last_hidden_state` out.

    Raises:
        NotFusible: the graph is another one.
    """
    import onnx

    read = _Read(onnx.load(source))
    onnx.save(_Written(read, heads).model(), target)


class _Read:
    """What the encoder knows, by the names of its parameters."""

    def __init__(self, model: Any) -> None:
        from onnx import numpy_helper

        self._held = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        self._by_input: dict[str, list[Any]] = {}
        self._by_output = {name: node for node in model.graph.node for name in node.output}
        for node in model.graph.node:
            for name in node.input:
                self._by_input.setdefault(name, []).append(node)
        self.layers = sum(".attention.self.query.bias" in name for name in self._held)

    def named(self, end: str) -> NDArray[Any]:
        held: NDArray[Any] = self._held[self._full(end)]
        return held

    def dense(self, name: str) -> Dense:
        """The product that the bias of `name` is added to."""
        bias = self._full(f"{name}.bias")
        try:
            (adding,) = self._by_input[bias]
            scaling = self._by_output[next(each for each in adding.input if each != bias)]
            product = self._by_output[self._by_output[scaling.input[0]].input[0]]
            weights = product.input[1]
            stem = weights.removesuffix("_quantized")
            scales, zeros = self._held[f"{stem}_scale"], self._held[f"{stem}_zero_point"]
        except (KeyError, ValueError, IndexError):
            raise NotFusible(f"{bias} does not belong to a product with dynamic int8 weights.") from None
        if zeros.any() or scales.ndim != 1:
            raise NotFusible(f"The weights of {name} are not symmetric with a scale for each channel.")
        return Dense(self._held[weights], scales.astype(np.float32), self._held[bias])

    def table(self, name: str) -> NDArray[np.float32]:
        """An embedding table in float32."""
        stem = f"embeddings.{name}.weight"
        values, scale, zero = (self.named(f"{stem}_{part}") for part in ("quantized", "scale", "zero_point"))
        table: NDArray[np.float32] = (values.astype(np.float32) - zero) * scale
        return table

    def _full(self, end: str) -> str:
        held: list[str] = list(self._held)
        for name in held:
            if name == end or name.endswith(f".{end}"):
                return name
        raise NotFusible(f"The graph has no parameter {end}.")


class _Written:
    """The fused graph, node by node; each method returns the name of what it computes."""

    def __init__(self, read: _Read, heads: int) -> None:
        self._read = read
        self._heads = heads
        self._nodes: list[Any] = []
        self._initializers: list[Any] = []

    def model(self) -> Any:
        from onnx import TensorProto, helper

        states = self._embedded()
        for layer in range(self._read.layers):
            states = self._layer(f"encoder.layer.{layer}", states)
        self._nodes[-1].output[0] = "last_hidden_state"
        width = self._read.named("embeddings.LayerNorm.bias").shape[0]
        given = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])
        made = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", width])
        graph = helper.make_graph(self._nodes, "encoder", [given], [made], self._initializers)
        versions = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=10, producer_name="shopbot")

    def _embedded(self) -> str:
        word = "embeddings.word_embeddings.weight"
        parts = [self._constant(part, self._read.named(f"{word}_{part}")) for part in _QUANTIZED]
        rows = self._node("Gather", [parts[0], "input_ids"])
        words = self._node("DequantizeLinear", [rows, *parts[1:]])
        # There is one kind of token, so its vector is part of every position's.
        places = self._read.table("position_embeddings") + self._read.table("token_type_embeddings")[0]
        length = self._node("Shape", ["input_ids"], start=1, end=2)
        bounds = [self._constant("first", np.array([0])), length, self._constant("axis", np.array([1]))]
        placed = self._node("Slice", [self._constant("places", places[None].astype(np.float32)), *bounds])
        self._one, self._zero = (self._filled(length, value) for value in (1.0, 0.0))
        return self._normalised("embeddings.LayerNorm", words, placed)

    def _layer(self, name: str, states: str) -> str:
        asked = self._dense([f"{name}.attention.self.{part}" for part in ("query", "key", "value")], states)
        attended = self._node("MultiHeadAttention", self._thirds(asked), MICROSOFT, num_heads=self._heads)
        attended = self._dense([f"{name}.attention.output.dense"], attended)
        states = self._normalised(f"{name}.attention.output.LayerNorm", attended, states)
        inner = self._node("Gelu", [self._dense([f"{name}.intermediate.dense"], states)], MICROSOFT)
        return self._normalised(f"{name}.output.LayerNorm", self._dense([f"{name}.output.dense"], inner), states)

    def _dense(self, names: Sequence[str], states: str) -> str:
        parts = [self._read.dense(name) for name in names]
        weights, scales, biases = (np.concatenate(each, axis=-1) for each in zip(*parts, strict=True))
        kept = [self._constant(f"{names[0]}.{kind}", values) for kind, values in
                (("weights", weights), ("scales", scales), ("biases", biases))]  # fmt: skip
        return self._node("DynamicQuantizeMatMul", [states, kept[0], kept[1], "", kept[2]], MICROSOFT)

    def _thirds(self, asked: str) -> list[str]:
        from onnx import helper

        names = [f"{asked}.{number}" for number in range(3)]
        self._nodes.append(helper.make_node("Split", [asked], names, axis=2, num_outputs=3))
        return names

    def _normalised(self, name: str, one: str, other: str) -> str:
        summed = self._node("Add", [one, other])
        normal = self._node("InstanceNormalization", [summed, self._one, self._zero], epsilon=EPSILON)
        weight, bias = (self._constant(f"{name}.{part}", self._read.named(f"{name}.{part}")) for part in _AFFINE)
        return self._node("Add", [self._node("Mul", [normal, weight]), bias])

    def _filled(self, shape: str, value: float) -> str:
        from onnx import numpy_helper

        return self._node("ConstantOfShape", [shape], value=numpy_helper.from_array(np.array([value], np.float32)))

    def _node(self, kind: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind}.{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


_QUANTIZED = ("quantized", "scale", "zero_point")
_AFFINE = ("weight", "bias")
