"""The network is rebuilt in any shape, its graph says what torch says, and training goes on after a kill."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shopbot.engines.learned.features import Layout
from shopbot.engines.learned.folder import FolderError, read_description
from shopbot.engines.learned.predict import Predictor
from shopbot.engines.recording.trace_format import AllowedAction, Trace

torch = pytest.importorskip("torch", reason="needs the optimize extra")
pytest.importorskip("transformers", reason="needs the optimize extra")
pytest.importorskip("onnxscript", reason="needs the optimize extra")

from shopbot.engines.learned.encoding import UNKNOWN, Encoded  # noqa: E402
from shopbot.optimize.config import Objective, Schedule, TrainConfig  # noqa: E402
from shopbot.optimize.encoder import new_encoder  # noqa: E402
from shopbot.optimize.traces.batches import collate  # noqa: E402
from shopbot.optimize.traces.network import Network, rebuild, state_of  # noqa: E402
from shopbot.optimize.traces.objective import FORBIDDEN, action_loss  # noqa: E402
from shopbot.optimize.traces.saving import load_encoder, load_network  # noqa: E402
from shopbot.optimize.traces.teachers import logits_of, soft_labels  # noqa: E402
from shopbot.optimize.traces.training import train, train_generations  # noqa: E402
from shopbot.optimize.training import Progress  # noqa: E402

SAYS = {"fetch": ("bring me {}", "fetch {}"), "drop": ("let go of {}", "drop {}")}
THINGS = ("balls", "sticks", "bones", "shoes")
SCHEMA = {"properties": {"thing": {"type": "string"}}}
ALLOWED = tuple(AllowedAction(name, f"{name} a thing", SCHEMA) for name in (*SAYS, "sleep"))
CONFIG = TrainConfig(
    base="tiny",
    batch=8,
    threads=1,
    freeze_words=False,
    schedule=Schedule(epochs=4, rate=2e-3, checkpoint_every=5),
    layout=Layout(max_tokens=32),
)


def made_traces(count: int) -> list[Trace]:
    """Orders to a dog."""
    rng = random.Random(5)
    made = []
    for number in range(count):
        name, thing = rng.choice(sorted(SAYS)), rng.choice(THINGS)
        words = rng.choice(SAYS[name]).format(thing)
        made.append(Trace(str(number), 1, (("User", words),), ALLOWED, name, {"thing": thing}))
    return made


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An engine learned from orders to a dog."""
    folder = tmp_path_factory.mktemp("learned")
    train(made_traces(96), folder, CONFIG, dev=made_traces(16))
    return folder


def test_the_graph_says_what_torch_says(learned: Path) -> None:
    trace = made_traces(1)[0]
    encoder, predictor = load_encoder(learned), Predictor(learned)
    (logits,) = logits_of(load_network(learned), encoder.encode([trace]), 2).numpy()
    shares = np.exp(logits / predictor.description.calibration["temperature"])
    expected = dict(zip(encoder.vocabulary.labels, shares / shares.sum(), strict=True))
    found = predictor.predict(trace.context, ALLOWED[:2]).scores
    assert found == pytest.approx(expected, abs=1e-3)


def test_it_learned_what_was_chosen(learned: Path) -> None:
    predictor, traces = Predictor(learned), made_traces(40)
    right = [predictor.predict(trace.context, trace.allowed[:2]).choice == trace.choice for trace in traces]
    assert sum(right) >= 38


def test_an_action_that_is_not_allowed_is_never_chosen(learned: Path) -> None:
    prediction = Predictor(learned).predict([("User", "bring me balls")], ALLOWED[1:2])
    assert set(prediction.scores) == {"drop"}
    assert Predictor(learned).predict([("User", "bring me balls")], []).choice is None


def test_an_action_known_only_by_its_description_can_be_chosen_from(learned: Path) -> None:
    prediction = Predictor(learned).predict([("User", "go to sleep")], ALLOWED)
    assert set(prediction.scores) == {"fetch", "drop", "sleep"}
    assert sum(prediction.scores.values()) == pytest.approx(1)


def test_a_killed_run_goes_on_and_ends_where_an_unbroken_one_does(learned: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.step == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(made_traces(96), tmp_path, CONFIG, dev=made_traces(16), on_step=stop)
    assert (tmp_path / "checkpoint.pt").exists()
    train(made_traces(96), tmp_path, CONFIG, dev=made_traces(16))
    unbroken, resumed = load_network(learned).state_dict(), load_network(tmp_path).state_dict()
    assert all(torch.allclose(unbroken[name], resumed[name], atol=1e-5) for name in unbroken)


def test_a_student_learns_from_its_teacher(learned: Path, tmp_path: Path) -> None:
    made = train(made_traces(96), tmp_path, CONFIG, teachers=[learned], dev=made_traces(16))
    assert made.labels == read_description(learned).labels
    assert Predictor(tmp_path).predict([("User", "fetch shoes")], ALLOWED[:2]).choice == "fetch"


def test_recorded_scores_count_as_one_more_teacher(learned: Path) -> None:
    scores = {"fetch": 0.1, "drop": 0.9}
    scored = [replace(trace, scores=scores) for trace in made_traces(4)]
    encoder = load_encoder(learned)
    network, both = (soft_labels([learned], what, encoder) for what in (made_traces(4), scored))
    assert network is not None
    assert both is not None
    labels = [encoder.vocabulary.labels.index(name) for name in scores]
    expected = (network.softmax(-1)[:, labels] + torch.tensor([[0.1, 0.9]])) / 2
    assert torch.allclose(both.softmax(-1)[:, labels], expected, atol=1e-4)


def test_a_killed_run_does_not_ask_its_teacher_again(learned: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(made_traces(16), tmp_path, CONFIG, teachers=[learned], dev=made_traces(16), on_step=stop)
    (kept,) = tmp_path.glob("taught-*.npz")
    encoder, written = load_encoder(learned), kept.stat().st_mtime_ns
    again, afresh = (soft_labels([learned], made_traces(16), encoder, folder=folder) for folder in (tmp_path, None))
    assert kept.stat().st_mtime_ns == written
    assert again is not None
    assert afresh is not None
    assert torch.allclose(again, afresh, atol=1e-4)


def test_a_student_begins_as_layers_of_its_teacher(learned: Path, tmp_path: Path) -> None:
    untrained = replace(CONFIG, start=learned, layers=1, schedule=Schedule(epochs=0))
    train(made_traces(16), tmp_path, untrained, dev=made_traces(16))
    teacher, student = load_network(learned).state_dict(), load_network(tmp_path).state_dict()
    assert not any("layer.1." in name for name in student)
    assert all(torch.equal(weights, teacher[name]) for name, weights in student.items())


def test_a_student_learns_actions_that_its_teacher_does_not_know(learned: Path, tmp_path: Path) -> None:
    roll = AllowedAction("roll", "roll over", {"properties": {"times": {"type": "integer", "enum": [1, 2]}}})
    rolled = [
        Trace(f"r{n}", 1, (("User", "roll over now"),), (*ALLOWED[:2], roll), "roll", {"times": 2}) for n in range(48)
    ]
    made = train(
        [*made_traces(48), *rolled], tmp_path, replace(CONFIG, start=learned), teachers=[learned], dev=made_traces(16)
    )
    assert set(made.labels) == {"drop", "fetch", "roll"}
    prediction = Predictor(tmp_path).predict([("User", "roll over now")], (*ALLOWED[:2], roll))
    assert (prediction.choice, prediction.args) == ("roll", {"times": 2})
    assert Predictor(tmp_path).predict([("User", "fetch shoes")], ALLOWED[:2]).args == {"thing": "shoes"}


def test_peers_learn_from_each_other_and_one_is_kept(tmp_path: Path) -> None:
    train(made_traces(96), tmp_path, replace(CONFIG, peers=2), dev=made_traces(16))
    assert Predictor(tmp_path).predict([("User", "fetch shoes")], ALLOWED[:2]).choice == "fetch"


def test_each_generation_learns_from_the_last(tmp_path: Path) -> None:
    said: list[int] = []
    train_generations(
        made_traces(48), tmp_path, CONFIG, 2, dev=made_traces(16), on_step=lambda progress: said.append(progress.step)
    )
    assert said == [*range(1, 25), *range(1, 25)]
    assert "teacher=generation-1" in read_description(tmp_path).history[-1]
    assert not (tmp_path / "generation-1").exists()


def test_a_network_is_rebuilt_in_the_shapes_of_its_weights() -> None:
    network = Network(new_encoder("tiny", 1), 3, 2, 4).eval()
    layer = network.encoder.encoder.layer[0]
    layer.intermediate.dense = torch.nn.Linear(64, 40)
    layer.output.dense = torch.nn.Linear(40, 64)
    again = rebuild(state_of(network))
    ids = torch.randint(5, 900, (2, 9))
    inputs = (ids, torch.ones_like(ids), torch.zeros_like(ids))
    assert torch.allclose(network(*inputs).actions, again(*inputs).actions, atol=1e-6)
    assert again(*inputs).spans.shape == (2, 9, 4)


def test_the_loss_of_an_action_counts_allowed_ones_alone() -> None:
    rows = [Encoded([1, 2], [0, 0], label=1, allowed=(0, 1)), Encoded([1], [0], label=UNKNOWN)]
    batch = collate(rows, labels=3)
    assert batch.ids.tolist() == [[1, 2], [1, 0]]
    logits = torch.tensor([[0.0, 0.0, 50.0], [1.0, 2.0, 3.0]])
    loss = action_loss(Objective(smoothing=0.0), logits, batch)
    assert loss.item() == pytest.approx(np.log(2), abs=1e-5)
    assert FORBIDDEN < -1e3


def test_a_teacher_that_agrees_costs_nothing_beyond_the_label() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.5]])
    rows = [Encoded([1], [0], label=0)]
    objective = Objective(smoothing=0.0, alpha=0.4)
    alone = action_loss(objective, logits, collate(rows, 3))
    taught = action_loss(objective, logits, collate(rows, 3, soft=logits))
    assert taught.item() == pytest.approx(0.6 * alone.item(), abs=1e-6)


@pytest.mark.parametrize("damage", ["engine.json", "tokenizer.json", "model.onnx"])
def test_a_folder_that_lacks_a_file_names_it(learned: Path, tmp_path: Path, damage: str) -> None:
    for file in learned.iterdir():
        if file.name != damage:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(FolderError, match=damage.replace(".", r"\.")):
        Predictor(tmp_path)


def test_recorded_scores_teach_where_there_is_no_teacher(tmp_path: Path) -> None:
    made: list[Any] = [
        Trace(str(n), 1, (("User", "either"),), ALLOWED[:2], "fetch", {}, scores={"fetch": 0.3, "drop": 0.7})
        for n in range(8)
    ] + [Trace("x", 1, (("User", "either"),), ALLOWED[:2], "drop", {}, scores={"fetch": 0.3, "drop": 0.7})]
    soft = TrainConfig(
        base="tiny",
        batch=9,
        threads=1,
        schedule=Schedule(epochs=40, rate=3e-3),
        objective=Objective(alpha=1.0, temperature=1.0, match=0.0),
    )
    train(made, tmp_path, soft, dev=made)
    assert Predictor(tmp_path).predict([("User", "either")], ALLOWED[:2]).choice == "drop"
