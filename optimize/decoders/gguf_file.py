"""Writes a decoder of the Llama architecture as a GGUF file, the format that llama.cpp runs: numpy arrays, a
tokenizer and a chat template in, one file out. Needs the `gguf` package; no torch.

    shape = DecoderShape(context=2048, width=256, layers=4, heads=4, kv_heads=2, feed_forward=704)
    tensors = from_hugging_face(state, shape)          # state: name -> numpy array of a LlamaForCausalLM
    write_gguf(Path("student.gguf"), shape, tensors, read_tokenizer(Path("tokenizer.json")), name="student")

Names and layouts follow the GGUF specification (github.com/ggml-org/ggml, docs/gguf.md) and llama.cpp's converter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shopbot.optimize.decoders.gguf_vocabulary import Vocabulary

Array = NDArray[Any]
Storage = Literal["F32", "F16", "Q8_0", "Q5_0", "Q4_0"]
BLOCK = 32
"""Weights that share one scale in the quantised storages: each row's length must be a multiple of it."""


@dataclass(frozen=True)
class DecoderShape:
    """The hyper-parameters of a Llama decoder.

    `heads` query heads share `kv_heads` key and value heads (grouped-query attention, arXiv:2305.13245); a head is
    `width / heads` wide; `rope_base` is theta of the rotary embedding (arXiv:2104.09864).
    """

    context: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    feed_forward: int
    norm_epsilon: float = 1e-5
    rope_base: float = 10_000.0
    head_size: int = 0

    @property
    def head(self) -> int:
        """The width of one head."""
        return self.head_size or self.width // self.heads

    def expected(self, vocabulary: int) -> dict[str, tuple[int, ...]]:
        """Every tensor a file must hold, by its GGUF name, with its shape (out, in); `output.weight` is optional."""
        wide, narrow, inner = self.width, self.head * self.kv_heads, self.feed_forward
        block = {
            "attn_norm": (wide,),
            "attn_q": (self.head * self.heads, wide),
            "attn_k": (narrow, wide),
            "attn_v": (narrow, wide),
            "attn_output": (wide, self.head * self.heads),
            "ffn_norm": (wide,),
            "ffn_gate": (inner, wide),
            "ffn_up": (inner, wide),
            "ffn_down": (wide, inner),
        }
        blocks = {f"blk.{i}.{name}.weight": shape for i in range(self.layers) for name, shape in block.items()}
        return {"token_embd.weight": (vocabulary, wide), **blocks, "output_norm.weight": (wide,)}


def write_gguf(
    path: Path,
    shape: DecoderShape,
    tensors: Mapping[str, Array],
    vocabulary: Vocabulary,
    *,
    name: str,
    chat_template: str | None = None,
    storage: Storage = "F32",
) -> None:
    """Write one model file.

    Args:
        tensors: float arrays by GGUF name, shaped as `shape.expected` says; without `output.weight` the embedding
            serves as output too (tied weights).
        chat_template: Jinja source as in Hugging Face's tokenizer_config.json; None leaves it out.
        storage: how matrices are stored. Norms stay F32. Q8_0, Q5_0 and Q4_0 round to nearest, 32 weights a block.

    Raises:
        ValueError: a tensor is missing, unknown or of another shape, or a row cannot be cut into blocks.
    """
    from gguf import GGMLQuantizationType, GGUFWriter
    from gguf.quants import quantize

    _check(shape, tensors, len(vocabulary.tokens), storage)
    writer = GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_rope_dimension_count(shape.head)
    writer.add_key_length(shape.head)
    writer.add_value_length(shape.head)
    writer.add_vocab_size(len(vocabulary.tokens))
    vocabulary.add_to(writer)
    if chat_template is not None:
        writer.add_chat_template(chat_template)
    kind = GGMLQuantizationType[storage]
    for key, array in tensors.items():
        stored = GGMLQuantizationType.F32 if array.ndim == 1 else kind
        values = np.ascontiguousarray(array, dtype=np.float32)
        writer.add_tensor(key, quantize(values, stored), raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def from_hugging_face(state: Mapping[str, Array], shape: DecoderShape) -> dict[str, Array]:
    """The tensors of a Hugging Face `LlamaForCausalLM` under their GGUF names.

    Query and key rows are reordered: Hugging Face rotates the two halves of a head, llama.cpp adjacent pairs.

    Raises:
        ValueError: a tensor has no place in the Llama architecture (a bias, for example).
    """
    found: dict[str, Array] = {}
    for name, array in state.items():
        if name.endswith("rotary_emb.inv_freq"):
            continue
        key = _gguf_name(name)
        if ".attn_q." in key:
            array = _pair_rotations(array, shape.heads)
        elif ".attn_k." in key:
            array = _pair_rotations(array, shape.kv_heads)
        found[key] = array
    return found


_WHOLE = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_PARTS = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def _gguf_name(name: str) -> str:
    if name in _WHOLE:
        return _WHOLE[name]
    layer, _, part = name.removeprefix("model.layers.").partition(".")
    if not layer.isdigit() or part.removesuffix(".weight") not in _PARTS or not part.endswith(".weight"):
        raise ValueError(f"the tensor {name!r} has no place in a Llama decoder: export a LlamaForCausalLM without bias")
    return f"blk.{layer}.{_PARTS[part.removesuffix('.weight')]}.weight"


def _pair_rotations(array: Array, heads: int) -> Array:
    """(heads * head, width): rows i and i + head/2 of each head become neighbours."""
    half = array.shape[0] // heads // 2
    return array.reshape(heads, 2, half, -1).swapaxes(1, 2).reshape(array.shape)


def _check(shape: DecoderShape, tensors: Mapping[str, Array], vocabulary: int, storage: Storage) -> None:
    expected = shape.expected(vocabulary)
    missing = [name for name in expected if name not in tensors]
    unknown = [name for name in tensors if name not in expected and name != "output.weight"]
    if missing or unknown:
        complaint = f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} is unknown"
        raise ValueError(f"the tensor {complaint}: a Llama decoder of this shape holds exactly {len(expected)} tensors")
    for name, array in tensors.items():
        wanted = expected.get(name, expected["token_embd.weight"])
        if array.shape != wanted:
            raise ValueError(f"the tensor {name!r} has the shape {array.shape}: it must be {wanted}")
        if storage not in ("F32", "F16") and array.ndim == 2 and array.shape[1] % BLOCK:
            raise ValueError(
                f"the rows of {name!r} are {array.shape[1]} long: {storage} needs multiples of {BLOCK}, so use F16"
            )
