"""Train an engine on recorded decisions, from their labels or from teachers. Needs torch.

    train(traces, folder, Recipe())                        a teacher, from what was chosen
    train(traces, folder, Recipe(layers=3), teachers=[…])   a student, from what the teachers would have chosen as well

Runs on a GPU where there is one. A killed run goes on from its last checkpoint. Seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from optimize.distillation.distil import average_teachers
from optimize.trace_format import Trace
from optimize.traces.batches import Batch, batches, collate, in_order
from optimize.traces.calibration import fit_temperature
from optimize.traces.encoding import UNKNOWN, Encoded, Encoder, Vocabulary
from optimize.traces.features import Layout, describe
from optimize.traces.folder import KIND, Description
from optimize.traces.network import BASE, Network, new_encoder, tokenizer_file
from optimize.traces.objective import FORBIDDEN, Objective
from optimize.traces.reading import split
from optimize.traces.replies import Replies
from optimize.traces.saving import load_encoder, load_network, save_network, settings_of
from optimize.traces.sayings import Sayings
from optimize.training import Progress, Schedule, fit

_DEV_SHARE = 0.1


@dataclass(frozen=True)
class Recipe:
    """How an engine is trained.

    Attributes:
        base: what to start from: "minilm", "tiny" or a folder of Hugging Face transformers.
        layers: how many of its layers to keep; all when None.
        start: a learned engine's folder to start from instead, whatever its shape; its vocabulary is kept.
        batch: decisions a step.
        threads: cores to use.
        freeze_words: leave the word embeddings as they are: they are most of the weights and learn little.
        layout: how much of a context is read.
    """

    base: str = BASE
    layers: int | None = None
    start: Path | None = None
    batch: int = 32
    threads: int = 2
    freeze_words: bool = True
    schedule: Schedule = field(default_factory=lambda: Schedule(epochs=5, rate=3e-4, half=True))
    objective: Objective = field(default_factory=Objective)
    layout: Layout = field(default_factory=Layout)


def train(
    traces: Sequence[Trace],
    to: Path,
    recipe: Recipe,
    *,
    teachers: Sequence[Path] = (),
    dev: Sequence[Trace] = (),
    after_step: Callable[[Network], Callable[[int, int], None]] | None = None,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> Description:
    """Train and write the engine's folder.

    Args:
        traces: what to learn from.
        to: the folder; the checkpoint of an unfinished run lies there too.
        teachers: folders of trained engines; their predictions, averaged with the scores recorded with the
            decisions where there are any, are learned as well as the labels.
        dev: decisions for the calibration; without any, a tenth of the conversations is kept for it.
        after_step: given the network, what is done after each step, given step and total: pruning masks.
        on_step: told about progress.

    Returns:
        What `engine.json` says.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.schedule.seed)
    if not dev:
        traces, dev = split(traces, _DEV_SHARE, seed=recipe.schedule.seed)
    network, encoder, tokenizer = _start(traces, recipe)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network.to(device)
    encoded = encoder.encode(traces)
    labels = len(encoder.vocabulary.labels)
    soft = taught(teachers, traces, encoder, device)
    descriptions = label_descriptions(traces, encoder, device)
    fit(
        network,
        lambda batch: recipe.objective.loss(network, batch.to(device), encoder.vocabulary, descriptions),
        lambda epoch: batches(encoded, labels, recipe.batch, recipe.schedule.seed * 1000 + epoch, soft),
        -(-len(encoded) // recipe.batch),
        recipe.schedule,
        folder=to,
        on_step=on_step,
        after_step=after_step(network) if after_step else lambda step, total: None,
    )
    network.eval()
    temperature = _calibrate(network, encoder.encode(dev), labels, device)
    description = Description(
        kind=KIND,
        labels=encoder.vocabulary.labels,
        arguments=encoder.vocabulary.arguments,
        settings=settings_of(encoder, Replies.collect(traces)) | {"described": descriptions is not None},
        calibration={"temperature": temperature},
        history=(f"train {_said(recipe)}" + "".join(f" teacher={each.name}" for each in teachers),),
    )
    save_network(network.cpu(), description, tokenizer, to)
    (to / "checkpoint.pt").unlink(missing_ok=True)
    return description


def logits_of(network: Network, encoded: Sequence[Encoded], labels: int, device: str = "cpu") -> Tensor:
    """The network's logits of all decisions, forbidden actions far below, shape (decisions, labels)."""
    rows = []
    with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=False):
        for batch in in_order(encoded, labels, 32):
            moved = batch.to(device)
            outputs = network(moved.ids, moved.mask, moved.types)
            rows.append(outputs.actions.float().masked_fill(~moved.allowed, FORBIDDEN).cpu())
    return torch.cat(rows)


def taught(teachers: Sequence[Path], traces: Sequence[Trace], encoder: Encoder, device: str = "cpu") -> Tensor | None:
    """What the teachers say and what was recorded with the decisions, averaged; None if there is neither.

    Returns:
        Logits, (traces, the student's labels); an action that no teacher knows is forbidden.
    """
    said = [_judged_by(folder, traces, encoder.vocabulary, device) for folder in teachers]
    recorded = recorded_scores(traces, encoder)
    said += [] if recorded is None else [recorded]
    return average_teachers(said) if said else None


def _judged_by(folder: Path, traces: Sequence[Trace], vocabulary: Vocabulary, device: str) -> Tensor:
    """A teacher's logits for the student's labels."""
    network, encoder = load_network(folder).to(device), load_encoder(folder)
    known = encoder.vocabulary.labels
    own = logits_of(network, encoder.encode(traces), len(known), device)
    placed = torch.full((len(traces), len(vocabulary.labels)), FORBIDDEN)
    both = [(vocabulary.labels.index(name), known.index(name)) for name in known if name in vocabulary.labels]
    placed[:, [mine for mine, _ in both]] = own[:, [theirs for _, theirs in both]]
    return placed


def recorded_scores(traces: Sequence[Trace], encoder: Encoder) -> Tensor | None:
    """The soft labels that were recorded with the decisions, as logits; None unless each decision has them."""
    if not all(trace.scores for trace in traces):
        return None
    rows = [[(trace.scores or {}).get(label, 0.0) for label in encoder.vocabulary.labels] for trace in traces]
    return torch.tensor(rows).clamp_min(1e-6).log()


def _start(traces: Sequence[Trace], recipe: Recipe) -> tuple[Network, Encoder, Path]:
    if recipe.start:
        return load_network(recipe.start), load_encoder(recipe.start), recipe.start / "tokenizer.json"
    vocabulary = Vocabulary.of(traces)
    sayings = Sayings.collect((trace.reply, trace.choice or "") for trace in traces if trace.reply)
    file = tokenizer_file(recipe.base)
    encoder = Encoder(Tokenizer.from_file(str(file)), vocabulary, sayings, recipe.layout)
    sizes = (len(vocabulary.labels), len(vocabulary.arguments), len(vocabulary.values))
    network = Network(new_encoder(recipe.base, recipe.layers), *sizes)
    if recipe.freeze_words:
        network.encoder.get_input_embeddings().weight.requires_grad_(False)
    return network, encoder, file


def label_descriptions(traces: Sequence[Trace], encoder: Encoder, device: str) -> Batch | None:
    """The descriptions of all labels in their order, to be matched with contexts; None if no action has one."""
    known = {action.name: action.description for trace in traces for action in trace.allowed}
    if not any(known.values()):
        return None
    texts = [describe(label, known.get(label, "")) for label in encoder.vocabulary.labels]
    read = [encoder.tokenizer.encode(text) for text in texts]
    return collate([Encoded(each.ids, each.type_ids) for each in read], len(texts)).to(device)


def _calibrate(network: Network, dev: Sequence[Encoded], labels: int, device: str) -> float:
    known = [each for each in dev if each.label != UNKNOWN]
    if not known:
        return 1.0
    logits = logits_of(network, known, labels, device).numpy()
    return fit_temperature(logits, [each.label for each in known])


def _said(recipe: Recipe) -> str:
    told = {"base": recipe.start or recipe.base, "layers": recipe.layers, **asdict(recipe.schedule)}
    return " ".join(f"{name}={value}" for name, value in told.items() if name in _TOLD and value is not None)


_TOLD = ("base", "layers", "epochs", "rate", "seed")
