"""A decoder written as a GGUF file is the decoder that llama.cpp runs; what cannot be one is a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("gguf", reason="gguf is not installed: pip install gguf")

from shopbot.optimize.decoders.gguf_file import DecoderShape, from_hugging_face, write_gguf
from shopbot.optimize.decoders.gguf_vocabulary import Vocabulary, read_tokenizer

SHAPE = DecoderShape(context=64, width=32, layers=2, heads=4, kv_heads=2, feed_forward=64)
WORDS = Vocabulary([*(f"t{i}" for i in range(60)), "<end>"], ["t 1"], frozenset({"<end>"}), end="<end>")


def random_tensors(shape: DecoderShape, vocabulary: int) -> dict[str, Any]:
    chance = np.random.default_rng(0)
    return {name: chance.normal(0, 0.2, size).astype(np.float32) for name, size in shape.expected(vocabulary).items()}


def test_what_is_written_can_be_read_back(tmp_path: Path) -> None:
    from gguf import GGUFReader

    tensors = random_tensors(SHAPE, 61)
    write_gguf(tmp_path / "x.gguf", SHAPE, tensors, WORDS, name="x", chat_template="{{ messages }}")
    reader = GGUFReader(tmp_path / "x.gguf")
    assert {tensor.name for tensor in reader.tensors} == set(tensors)
    for tensor in reader.tensors:
        np.testing.assert_array_equal(tensor.data.reshape(tensors[tensor.name].shape), tensors[tensor.name])
    assert reader.fields["llama.context_length"].contents() == 64
    assert reader.fields["tokenizer.chat_template"].contents() == "{{ messages }}"


@pytest.mark.parametrize(("storage", "bits", "error"), [("F16", 16, 2e-4), ("Q8_0", 8.5, 5e-3), ("Q4_0", 4.5, 6e-2)])
def test_a_smaller_storage_stays_near(storage: Any, bits: float, error: float, tmp_path: Path) -> None:
    from gguf import GGUFReader
    from gguf.quants import dequantize

    tensors = random_tensors(SHAPE, 61)
    write_gguf(tmp_path / "x.gguf", SHAPE, tensors, WORDS, name="x", storage=storage)
    stored = {tensor.name: tensor for tensor in GGUFReader(tmp_path / "x.gguf").tensors}["blk.0.attn_q.weight"]
    assert stored.n_bytes == SHAPE.width**2 * bits / 8
    assert np.abs(dequantize(stored.data, stored.tensor_type) - tensors["blk.0.attn_q.weight"]).mean() < error


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"blk.1.ffn_up.weight": None}, "'blk.1.ffn_up.weight' is missing"),
        ({"blk.7.ffn_up.weight": np.zeros((2, 2))}, "'blk.7.ffn_up.weight' is unknown"),
        ({"output_norm.weight": np.zeros(5)}, r"'output_norm.weight' has the shape \(5,\): it must be \(32,\)"),
    ],
)
def test_a_wrong_tensor_is_one_sentence(change: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    tensors = {**random_tensors(SHAPE, 61), **change}
    with pytest.raises(ValueError, match=complaint):
        write_gguf(tmp_path / "x", SHAPE, {k: v for k, v in tensors.items() if v is not None}, WORDS, name="x")


def test_rows_that_are_no_whole_blocks_are_one_sentence(tmp_path: Path) -> None:
    shape = DecoderShape(context=64, width=48, layers=1, heads=4, kv_heads=4, feed_forward=64)
    with pytest.raises(ValueError, match="48 long: Q8_0 needs multiples of 32, so use F16"):
        write_gguf(tmp_path / "x", shape, random_tensors(shape, 61), WORDS, name="x", storage="Q8_0")


def test_a_foreign_tensor_is_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"q_proj.bias' has no place in a Llama decoder"):
        from_hugging_face({"model.layers.0.self_attn.q_proj.bias": np.zeros(4)}, SHAPE)


def test_a_tokenizer_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"type": "WordPiece"}}))
    with pytest.raises(ValueError, match="holds no byte-level BPE tokenizer"):
        read_tokenizer(tmp_path / "tokenizer.json", end="x")


def byte_tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<end>"], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(["return the jeans, return the shirt"] * 3, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


@pytest.mark.parametrize("text", ["return the jeans", "Änderung 😀 \t\n 1234", "the<end>re", "It's  two   spaces"])
def test_llama_cpp_cuts_text_as_the_tokenizer_does(text: str, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
    from shopbot.engines.llama.runtime import Runtime

    tokenizer = byte_tokenizer(tmp_path)
    vocabulary = read_tokenizer(tmp_path / "tokenizer.json", end="<end>")
    write_gguf(tmp_path / "x.gguf", SHAPE, random_tensors(SHAPE, len(vocabulary.tokens)), vocabulary, name="x")
    assert Runtime(tmp_path / "x.gguf", context=64, threads=1).tokenise(text) == tokenizer.encode(text).ids


@pytest.mark.parametrize("tied", [True, False])
def test_llama_cpp_computes_what_hugging_face_computes(tied: bool, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'shopbot[optimize]'")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    byte_tokenizer(tmp_path)
    vocabulary = read_tokenizer(tmp_path / "tokenizer.json", end="<end>")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary.tokens),
        hidden_size=SHAPE.width,
        intermediate_size=SHAPE.feed_forward,
        num_hidden_layers=SHAPE.layers,
        num_attention_heads=SHAPE.heads,
        num_key_value_heads=SHAPE.kv_heads,
        max_position_embeddings=SHAPE.context,
        rms_norm_eps=SHAPE.norm_epsilon,
        tie_word_embeddings=tied,
        initializer_range=0.3,
    )
    model = transformers.LlamaForCausalLM(config).eval()
    state = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    if tied:
        state.pop("lm_head.weight", None)
    write_gguf(tmp_path / "x.gguf", SHAPE, from_hugging_face(state, SHAPE), vocabulary, name="x")
    tokens = [5, 80, 200, 17, 80, 44, 3, 250]
    with torch.no_grad():
        wanted = model(torch.tensor([tokens])).logits[0, -1].log_softmax(-1).numpy()
    found = _log_probabilities(tmp_path / "x.gguf", tokens, len(wanted))
    np.testing.assert_allclose(found, wanted, atol=2e-2, rtol=2e-2)  # llama.cpp keeps keys and values as 16 bit


def _log_probabilities(file: Path, tokens: list[int], size: int) -> Any:
    """Of every token that may follow, in llama.cpp."""
    from shopbot.engines.llama.loading import load

    asked = {"prompt": tokens, "n_predict": 1, "n_probs": size, "temperature": 0}
    (said,) = load(file, context=64, threads=1).server.handle_completions(asked)["choices"]
    found = {one["id"]: one["logprob"] for one in said["logprobs"]["content"][0]["top_logprobs"]}
    return np.array([found[token] for token in range(size)])
