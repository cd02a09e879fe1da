"""The whole way of a decoder: trained, pruned, factorised, trimmed, quantised as GGUF, answering in llama.cpp."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from typer.testing import CliRunner

from shopbot.apps.cli import app

torch = pytest.importorskip("torch", reason="needs the optimize extra")
transformers = pytest.importorskip("transformers", reason="needs the optimize extra")
pytest.importorskip("gguf", reason="needs the optimize extra")
llama_cpp = pytest.importorskip("llama_cpp", reason="needs the extra quantise")

from shopbot.optimize.compression.anatomy import layers_of  # noqa: E402
from shopbot.optimize.compression.factorise import factorise_model  # noqa: E402
from shopbot.optimize.compression.importance import neurons_by_magnitude  # noqa: E402
from shopbot.optimize.compression.prune import choose_units, prune_heads, prune_neurons  # noqa: E402
from shopbot.optimize.compression.students import student_by_layers  # noqa: E402
from shopbot.optimize.compression.vocabulary import trim_table, trim_tokenizer, used_tokens  # noqa: E402
from shopbot.optimize.config import Schedule  # noqa: E402
from shopbot.optimize.decoders.export import export_gguf, shape_of  # noqa: E402
from shopbot.optimize.decoders.gguf_vocabulary import read_tokenizer  # noqa: E402
from shopbot.optimize.decoders.quantise import quantise_gguf  # noqa: E402
from shopbot.optimize.training import fit  # noqa: E402

_TEXTS = (
    "The parcel is on its way and will arrive on Tuesday.<end>",
    "Your refund of twenty dollars was sent to your card.<end>",
    "Which order number is it? It has six digits.<end>",
    "The jeans can go back until the end of the month.<end>",
)
_PROMPTS = ("The parcel", "Your refund", "Which order", "The jeans")
_NEW = 8


@dataclass
class Made:
    """The results of the way, and what went in."""

    teacher: Any
    student: Any
    tokenizer: Tokenizer
    files: dict[str, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Every step once, at the smallest size at which llama.cpp has its 4-bit super-blocks: rows of 256."""
    folder = tmp_path_factory.mktemp("decoder")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(4)
    tokenizer_json = _train_tokenizer()
    smaller, kept = trim_tokenizer(tokenizer_json, used_tokens(tokenizer_json, _TEXTS))
    (folder / "tokenizer.json").write_text(smaller, encoding="utf-8")
    whole, tokenizer = Tokenizer.from_str(tokenizer_json), Tokenizer.from_str(smaller)
    teacher = _decoder(whole.get_vocab_size())
    _train(teacher, _rows(whole))
    student = student_by_layers(teacher, 2)
    trim_table(student, kept)
    trim_table(teacher, kept)
    prune_neurons(student, choose_units(neurons_by_magnitude(student), 0.5, even=True))
    factorise_model(student, rank=96, choose=lambda path, _: "mlp" in path)
    _train(student, _rows(tokenizer))
    files = {"f16": folder / "f16.gguf"}
    export_gguf(student, read_tokenizer(folder / "tokenizer.json", end="<end>"), files["f16"], name="student")
    for kind in ("q8_0", "q4_k_m"):
        files[kind] = folder / f"{kind}.gguf"
        quantise_gguf(files["f16"], files[kind], kind, threads=1)
    yield Made(teacher, student, tokenizer, files)
    torch.set_num_threads(threads)


def _train(model: Any, rows: Any) -> None:
    """Teach a causal language model the texts by heart; -100 is padding."""

    def loss_of(ids: Any) -> Any:
        return model(input_ids=ids.clamp_min(0), labels=ids).loss

    fit(model, loss_of, lambda epoch: [rows], 1, Schedule(epochs=30, rate=2e-3))
    model.eval()


def _train_tokenizer() -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<end>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*_TEXTS, "quite another sentence, with quite other words in it"] * 3, trainer)
    return str(tokenizer.to_str())


def _decoder(tokens: int) -> Any:
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=tokens,
            hidden_size=256,
            intermediate_size=512,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            tie_word_embeddings=False,
        )
    )


def _rows(tokenizer: Tokenizer) -> Any:
    encoded = [tokenizer.encode(text).ids for text in _TEXTS]
    longest = max(map(len, encoded))
    return torch.tensor([[*ids, *[-100] * (longest - len(ids))] for ids in encoded])


def _greedy_torch(made: Made, prompt: str) -> list[int]:
    ids = made.tokenizer.encode(prompt).ids
    with torch.no_grad():
        for _ in range(_NEW):
            ids.append(int(made.student(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[-_NEW:]


def _greedy_llama(made: Made, kind: str, prompt: str) -> list[int]:
    with closing(llama_cpp.Llama(str(made.files[kind]), n_ctx=256, n_threads=1, verbose=False)) as model:
        ids = made.tokenizer.encode(prompt).ids
        assert model.tokenize(prompt.encode(), add_bos=False) == ids
        made_up = []
        for token in model.generate(ids, temp=0.0, repeat_penalty=1.0):
            made_up.append(token)
            if len(made_up) == _NEW:
                break
    return made_up


@pytest.mark.parametrize("prompt", _PROMPTS)
def test_llama_cpp_says_what_torch_says(made: Made, prompt: str) -> None:
    assert _greedy_llama(made, "f16", prompt) == _greedy_torch(made, prompt)


def test_heads_that_were_removed_are_missing_in_the_file_too(made: Made, tmp_path: Path) -> None:
    cut = copy.deepcopy(made.student)
    prune_heads(cut, [[0], [1]])
    assert [layer.heads for layer in layers_of(cut)] == [2, 2]
    (tmp_path / "tokenizer.json").write_text(made.tokenizer.to_str(), encoding="utf-8")
    vocabulary = read_tokenizer(tmp_path / "tokenizer.json", end="<end>")
    export_gguf(cut, vocabulary, tmp_path / "cut.gguf", name="cut")
    both = replace(made, student=cut, files={"cut": tmp_path / "cut.gguf"})
    assert _greedy_llama(both, "cut", "The parcel") == _greedy_torch(both, "The parcel")


@pytest.mark.parametrize("kind", ["q8_0", "q4_k_m"])
def test_quantised_files_still_know_what_was_taught(made: Made, kind: str) -> None:
    ids = made.tokenizer.encode(_TEXTS[0]).ids
    start = len(made.tokenizer.encode("The parcel").ids)
    assert _greedy_llama(made, kind, "The parcel") == ids[start : start + _NEW]


def test_each_file_is_smaller_than_the_last(made: Made) -> None:
    sizes = [made.files[kind].stat().st_size for kind in ("f16", "q8_0", "q4_k_m")]
    assert sizes[0] > 1.6 * sizes[1] > 1.6 * 1.3 * sizes[2]


def test_the_student_is_half_its_teacher(made: Made) -> None:
    sizes = [sum(each.numel() for each in model.parameters()) for model in (made.student, made.teacher)]
    assert sizes[0] < 0.55 * sizes[1]
    assert [layer.neurons for layer in layers_of(made.student)] == [256, 256]


def test_the_command_writes_a_hugging_face_folder_as_a_small_file(made: Made, tmp_path: Path) -> None:
    made.teacher.save_pretrained(tmp_path / "decoder")
    made.tokenizer.save(str(tmp_path / "decoder" / "tokenizer.json"))
    words = ["optimize", "gguf", str(tmp_path / "decoder"), "--to", str(tmp_path / "small.gguf"), "--kind", "q8_0"]
    done = CliRunner().invoke(app, [*words, "--end", "<end>"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "try it: shopbot chat --engine llama:" in done.output
    assert [file.name for file in tmp_path.glob("*.gguf")] == ["small.gguf"]
    made.files["teacher"] = tmp_path / "small.gguf"
    ids = made.tokenizer.encode(_TEXTS[0]).ids
    start = len(made.tokenizer.encode("The parcel").ids)
    assert _greedy_llama(made, "teacher", "The parcel") == ids[start : start + _NEW]


def test_uneven_layers_have_no_place_in_gguf(tiny_llama: Any) -> None:
    prune_neurons(tiny_llama, [[0, 1], [0], [0]])
    with pytest.raises(ValueError, match="prune them evenly"):
        shape_of(tiny_llama)


def test_an_unknown_kind_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'q1' is no kind of GGUF; there are f16, q8_0"):
        quantise_gguf(tmp_path / "none", tmp_path / "other", "q1")


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.gguf").write_bytes(np.zeros(100, np.uint8).tobytes())
    with pytest.raises(ValueError, match="could not quantise"):
        quantise_gguf(tmp_path / "none.gguf", tmp_path / "other.gguf")
