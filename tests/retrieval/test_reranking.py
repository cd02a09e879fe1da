"""A cross-encoder, where there is one, ranks again what search found: a real ONNX model that counts shared words."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto, checker, helper, save
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from shopbot.engines.embedding import Encoder
from shopbot.shop.settings import SettingsError, load_settings
from shopbot.tools.retrieval.chunks import Chunk
from shopbot.tools.retrieval.collections import ingest, open_collection
from shopbot.tools.retrieval.documents import Document
from shopbot.tools.retrieval.reranking import CrossEncoder, RerankerError
from shopbot.tools.retrieval.retriever import Retriever
from shopbot.tools.retrieval.store import ChunkStore

QUESTION = "may a parrot travel free"
TEXTS = [
    "Pets travel with their owner when a cage is booked before departure.",
    "Ask the desk about fares for animals and birds on board of a ship.",
    "A parrot may travel free.",
]


@pytest.fixture(scope="session")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logit: how many pairs of equal words question and passage have, minus 3."""
    folder = tmp_path_factory.mktemp("cross-encoder")
    nodes = [
        helper.make_node("Unsqueeze", ["input_ids", "two"], ["column"]),
        helper.make_node("Unsqueeze", ["input_ids", "one"], ["row"]),
        helper.make_node("Equal", ["column", "row"], ["same"]),
        helper.make_node("Cast", ["same"], ["same_number"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["token_type_ids"], ["passage"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["unit", "passage"], ["question"]),
        helper.make_node("Unsqueeze", ["question", "two"], ["question_column"]),
        helper.make_node("Unsqueeze", ["passage", "one"], ["passage_row"]),
        helper.make_node("Mul", ["question_column", "passage_row"], ["across"]),
        helper.make_node("Mul", ["across", "same_number"], ["pairs"]),
        helper.make_node("ReduceSum", ["pairs", "both"], ["count"], keepdims=0),
        helper.make_node("Unsqueeze", ["count", "one"], ["counted"]),
        helper.make_node("Sub", ["counted", "three"], ["logits"]),
    ]
    constants = [
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        helper.make_tensor("two", TensorProto.INT64, [1], [2]),
        helper.make_tensor("both", TensorProto.INT64, [2], [1, 2]),
        helper.make_tensor("unit", TensorProto.FLOAT, [], [1.0]),
        helper.make_tensor("three", TensorProto.FLOAT, [], [3.0]),
    ]
    ids = [helper.make_tensor_value_info(n, TensorProto.INT64, [1, "tokens"]) for n in ("input_ids", "token_type_ids")]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1])
    graph = helper.make_graph(nodes, "shared words", ids, [logits], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    save(model, str(folder / "model.onnx"))
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(special_tokens=["[UNK]", "[SEP]"])
    tokenizer.train_from_iterator([QUESTION, *TEXTS], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A [SEP]", pair="$A [SEP] $B:1", special_tokens=[("[SEP]", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_the_best_passages_are_ordered_by_the_model(tmp_path: Path, encoder: Encoder, cross_encoder: Path) -> None:
    store = ChunkStore(tmp_path / "index", encoder)
    store.ingest_documents([Document(f"d{n}", f"d{n}", text, lambda text=text: text) for n, text in enumerate(TEXTS)])
    # A question on which the first ranking prefers a passage that shares fewer words with it.
    question = "animals on board: parrot travel free departure fares birds"
    plain = Retriever(store, encoder, 0.0).search(question)
    again = Retriever(store, encoder, 0.0, reranker=CrossEncoder(cross_encoder)).search(question)
    expected = sorted(
        plain, key=lambda passage: -CrossEncoder(cross_encoder).score(question, store.get([passage.key])[passage.key])
    )
    assert [passage.key for passage in again] == [passage.key for passage in expected]
    assert [passage.key for passage in again] != [passage.key for passage in plain]
    assert [passage.score for passage in again] == sorted((passage.score for passage in again), reverse=True)
    store.close()


def test_a_pair_is_scored_as_a_probability(cross_encoder: Path) -> None:
    model = CrossEncoder(cross_encoder)
    five = model.score(QUESTION, Chunk("k", "s", "", "parrot travel free may a"))
    none = model.score(QUESTION, Chunk("k", "s", "", "nothing"))
    assert five == pytest.approx(0.8808, abs=1e-4)  # 1 / (1 + e^-2)
    assert none == pytest.approx(0.0474, abs=1e-4)  # 1 / (1 + e^3)


def test_a_very_long_passage_is_cut_and_the_question_is_not(cross_encoder: Path) -> None:
    assert CrossEncoder(cross_encoder).score(QUESTION, Chunk("k", "s", "", "parrot " * 5_000)) > 0.99


def test_the_setting_is_used_by_collections(tmp_path: Path, documents: Path, cross_encoder: Path) -> None:
    settings = load_settings(data=tmp_path / "data", reranker=cross_encoder)
    ingest(settings.data, "a", [str(documents)])
    retriever = open_collection(settings.data, "a", reranker=settings.reranker)
    assert isinstance(retriever.reranker, CrossEncoder)
    assert len(retriever.search("label")) == 3
    retriever.close()


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"SHOPBOT_RERANKER is .* there is no model.onnx in that folder"):
        load_settings(reranker=tmp_path)


def test_weights_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"nonsense")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(RerankerError, match=f"The cross-encoder in {tmp_path} cannot be used"):
        CrossEncoder(tmp_path).score("a", Chunk("k", "s", "", "b"))
