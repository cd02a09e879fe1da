"""Export a trained planner: ONNX, dynamic int8 per channel; temperature and thresholds tuned on the dev split.

    python -m shopbot.optimize.shopbot.planner.export build/student/planner.pt --to engines/shopbot/weights

Also keeps the float32 graph (beside the checkpoint) so that the two can be compared.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from shopbot.engines.onnx import open_session
from shopbot.optimize.shipping.export_encoder import quantise
from shopbot.optimize.shopbot.conversations.compose import Example
from shopbot.optimize.shopbot.conversations.corpus import examples
from shopbot.optimize.shopbot.conversations.labels import ACTS, SPAN_KINDS, TAGS
from shopbot.optimize.shopbot.planner.data import Encoded, collate, encode, load_tokenizer
from shopbot.optimize.shopbot.planner.network import PlannerModel
from shopbot.optimize.shopbot.planner.train import TOKENIZER

# A "yes" sets things going that cannot be undone: better to ask twice than to mishear one.
_AT_LEAST = {"confirm": 0.7}
_FALSE_REFUSALS = 0.02
"""Less than the three in a hundred that may be refused by mistake: unseen wordings are harder than those tuned on."""
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def load_trained(*checkpoints: Path) -> PlannerModel:
    """A trained planner, ready to predict; of several of one run, the mean of their weights, which reads better."""
    states = [torch.load(path, weights_only=True, map_location="cpu") for path in checkpoints]
    weights = [state["model"] for state in states]
    model = PlannerModel(states[0]["layers"], pretrained=False, tokens=states[0].get("tokens"))
    model.load_state_dict({name: sum(each[name] for each in weights) / len(weights) for name in weights[0]})
    model.eval()
    return model


def export_float(model: PlannerModel, path: Path) -> None:
    """Write the float32 ONNX graph with dynamic batch and length."""
    sample = torch.ones(2, 12, dtype=torch.long)
    axes = {name: {0: "batch", 1: "length"} for name in (*INPUTS, "tags")} | {"acts": {0: "batch"}}
    torch.onnx.export(
        model,
        (sample, sample, sample),
        str(path),
        input_names=list(INPUTS),
        output_names=["acts", "tags"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


def act_logits(path: Path, encoded: list[Encoded]) -> np.ndarray:
    """Logits of all acts for examples, as an exported graph gives them (examples x acts)."""
    session = open_session(path, threads=2)
    rows = []
    for example in encoded:
        ids, mask, types, _, _ = collate([example])
        feed = dict(zip(INPUTS, (ids.numpy(), mask.numpy(), types.numpy()), strict=True))
        rows.append(session.run(["acts"], feed)[0][0])
    return np.stack(rows)


def tune_temperature(logits: np.ndarray, dev: list[Example]) -> float:
    """The temperature at which the acts' probabilities fit best (lowest binary cross-entropy; Guo et al. 2017)."""
    truth = np.array([[act in example.acts for act in ACTS] for example in dev])
    grid = np.arange(0.6, 4.01, 0.05)
    return round(float(min(grid, key=lambda value: _cross_entropy(logits / value, truth))), 2)


def _cross_entropy(logits: np.ndarray, truth: np.ndarray) -> float:
    signed = np.where(truth, logits, -logits)
    return float(np.logaddexp(0, -signed).mean())


def tune_thresholds(probabilities: np.ndarray, dev: list[Example]) -> dict[str, float]:
    """The threshold with the best F1 for each act; of equals, the one nearest to one half.

    For `out_of_scope` the lowest at which at most `_FALSE_REFUSALS` of the other messages are refused.
    """
    thresholds = {}
    for column, act in enumerate(ACTS):
        truth = np.array([act in example.acts for example in dev])
        grid = sorted(np.arange(0.3, 0.71, 0.05), key=lambda value: abs(value - 0.5))
        best = max(grid, key=lambda value: _f1(probabilities[:, column] >= value, truth))
        if act == "out_of_scope":
            rising = np.arange(0.01, 0.71, 0.005)
            best = next((g for g in rising if (probabilities[~truth, column] >= g).mean() <= _FALSE_REFUSALS), best)
        thresholds[act] = round(max(float(best), _AT_LEAST.get(act, 0.0)), 3)
    return thresholds


def _f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    hits = int((predicted & truth).sum())
    return round(2 * hits / max(int(predicted.sum() + truth.sum()), 1), 3)


def main() -> None:
    """Export, quantise, tune."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="+", help="one or more planner.pt; several are averaged")
    parser.add_argument("--to", type=Path, default=Path("engines/shopbot/weights"))
    parser.add_argument("--dev", type=int, default=2500)
    parser.add_argument("--tokenizer", type=Path, help="the student's; by default the one beside the checkpoint")
    wanted = parser.parse_args()
    wanted.to.mkdir(parents=True, exist_ok=True)
    beside = wanted.checkpoints[0].with_name("tokenizer.json")
    tokenizer = wanted.tokenizer or (beside if beside.exists() else TOKENIZER)
    float_path, int8_path = wanted.checkpoints[0].with_name("planner.onnx"), wanted.to / "planner.int8.onnx"
    export_float(load_trained(*wanted.checkpoints), float_path)
    quantise(float_path, int8_path)
    (wanted.to / "tokenizer.json").write_text(tokenizer.read_text(encoding="utf-8"), encoding="utf-8")
    dev = list(examples("dev", wanted.dev, 1))
    logits = act_logits(int8_path, encode(dev, load_tokenizer(tokenizer)))
    temperature = tune_temperature(logits, dev)
    thresholds = tune_thresholds(1 / (1 + np.exp(-logits / temperature)), dev)
    labels = {
        "acts": ACTS,
        "tags": TAGS,
        "span_kinds": SPAN_KINDS,
        "temperature": temperature,
        "thresholds": thresholds,
    }
    (wanted.to / "labels.json").write_text(json.dumps(labels, indent=1) + "\n", encoding="utf-8")
    print(f"{int8_path}: {int8_path.stat().st_size / 1e6:.1f} MB; temperature {temperature}; thresholds {thresholds}")


if __name__ == "__main__":
    main()
