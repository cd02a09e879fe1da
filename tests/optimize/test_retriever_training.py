"""Fine-tuning an encoder: the loss by hand, a real run on a small one, and what may be put in place."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the optimize extra")
transformers = pytest.importorskip("transformers", reason="needs the optimize extra")
pytest.importorskip("onnxscript", reason="needs the optimize extra")

from shopbot.engines.embedding import Encoder  # noqa: E402
from shopbot.optimize.compression.vocabulary import trim_tokenizer, used_tokens  # noqa: E402
from shopbot.optimize.retriever.loss import ranking_loss  # noqa: E402
from shopbot.optimize.retriever.model import TextEncoder, mixed  # noqa: E402
from shopbot.optimize.retriever.pairs import Pair  # noqa: E402
from shopbot.optimize.retriever.run import optimise  # noqa: E402
from shopbot.optimize.retriever.training import Settings, batches, train  # noqa: E402

# What torch and its exporter warn about in themselves.
pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings(
        "ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"
    ),
]
SETTINGS = Settings(epochs=12, batch=8, rate=1e-3, tokens=32, share=1.0)
SUBJECTS = ["bread", "cheese", "shoes", "lamps", "tables", "gloves", "knives", "books"]
SHIPPED = (Path(__file__).parents[2] / "engines" / "embedding" / "weights" / "tokenizer.json").read_text("utf-8")
WANTED = ["eat", "melt", "wear", "shine", "sit", "warm", "cut", "read"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An untrained encoder of one layer, as wide as the shipped one; of its tokens, those of the pairs."""
    torch.manual_seed(3)
    words = [*SUBJECTS, *WANTED, "All about things: what can I here now today best?"]
    tokenizer, kept = trim_tokenizer(SHIPPED, used_tokens(SHIPPED, words))
    configuration = transformers.BertConfig(
        vocab_size=len(kept),
        hidden_size=384,
        num_hidden_layers=1,
        num_attention_heads=6,
        intermediate_size=64,
        max_position_embeddings=256,
    )
    folder = tmp_path / "source"
    transformers.BertModel(configuration, add_pooling_layer=False).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    return folder


@pytest.fixture
def pairs() -> list[Pair]:
    return [
        Pair(f"what can I {wanted} {word}?", f"All about {subject}", subject, "sample")
        for subject, wanted in zip(SUBJECTS, WANTED, strict=True)
        for word in ("here", "now", "today", "best")
    ]


@pytest.fixture
def shop(tmp_path: Path, pairs: list[Pair]) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    sections = "\n".join(f"## {subject.title()}\nAll about {subject}.\n" for subject in SUBJECTS)
    (folder / "things.md").write_text(f"# Things\n{sections}", encoding="utf-8")
    lines = [f"things#{each}: {[pair.question for pair in pairs if pair.key == each]}" for each in SUBJECTS]
    (folder / "questions.yaml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_the_loss_of_two_pairs_worked_by_hand() -> None:
    questions = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    passages = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    # Cosines 1 and .6, 0 and .8; with scale 2 rows lose log(1 + e^-.8) and log(1 + e^-1.6), columns
    # log(1 + e^-2) and log(1 + e^-.4); both directions count half.
    wanted = sum(math.log(1 + math.exp(-gap)) for gap in (0.8, 1.6, 2.0, 0.4)) / 4
    assert float(ranking_loss(questions, passages, torch.tensor([0, 1]), scale=2.0)) == pytest.approx(wanted, abs=1e-6)


def test_the_same_passage_in_another_row_is_no_wrong_answer() -> None:
    same = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert float(ranking_loss(same, same, torch.tensor([4, 4]))) == pytest.approx(0.0, abs=1e-6)


def test_questions_without_their_passages_are_refused() -> None:
    with pytest.raises(ValueError, match="do not match"):
        ranking_loss(torch.ones(2, 3), torch.ones(1, 3), torch.tensor([0, 1]))


def test_batches_hold_every_pair_once_and_never_one_alone(pairs: list[Pair]) -> None:
    made = list(batches(pairs[:17], 8, seed=5))
    assert sorted(len(batch) for batch in made) == [8, 9]
    assert {pair.question for batch in made for pair in batch} == {pair.question for pair in pairs[:17]}


def test_a_mixed_encoder_lies_between_the_two(source: Path) -> None:
    trained = TextEncoder(source)
    name, weights = next(iter(trained.bert.named_parameters()))
    original = weights.detach().clone()
    with torch.no_grad():
        weights += 1.0
    half = dict(mixed(trained, 0.5).bert.named_parameters())[name]
    assert torch.allclose(half, original + 0.5, atol=1e-6)


class _Killed(Exception):
    pass


def test_a_killed_run_ends_as_if_it_had_not_been(source: Path, pairs: list[Pair], tmp_path: Path) -> None:
    settings = replace(SETTINGS, epochs=2, checkpoint_every=1)

    def kill(progress: Any) -> None:
        if progress.step == 4:
            raise _Killed

    with pytest.raises(_Killed):
        train(source, pairs, settings, tmp_path / "killed", kill)
    again = train(source, pairs, settings, tmp_path / "killed")
    whole = train(source, pairs, settings, tmp_path / "whole")
    with torch.no_grad():
        assert torch.allclose(again(["bread"]), whole(["bread"]), atol=1e-5)


def test_fine_tuning_finds_more_and_the_export_is_an_encoder(source: Path, shop: Path, tmp_path: Path) -> None:
    report = optimise(shop, tmp_path / "into", tmp_path / "work", SETTINGS, source=source)
    assert report.written
    assert report.after["nDCG@10"] > report.before["nDCG@10"] + 0.1
    assert report.cosine > 0.98
    assert Encoder(tmp_path / "into").encode(["what can I read here?"]).shape == (1, 384)


def test_a_better_encoder_in_place_is_kept(source: Path, shop: Path, tmp_path: Path) -> None:
    into = Path(__file__).parents[2] / "engines" / "embedding" / "weights"
    place = tmp_path / "into"
    place.mkdir()
    for name in ("encoder.int8.onnx", "tokenizer.json"):
        (place / name).write_bytes((into / name).read_bytes())
    held = (place / "encoder.int8.onnx").read_bytes()
    report = optimise(shop, place, tmp_path / "work", replace(SETTINGS, epochs=1, rate=1e-5), source=source)
    assert not report.written
    assert (place / "encoder.int8.onnx").read_bytes() == held
