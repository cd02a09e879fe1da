"""The folder of a learned engine: what lies in it, and how it is read and written. Needs no torch.

    engine.json      what the engine is: kind, labels, settings, calibration, metrics (`Description`)
    tokenizer.json   the `tokenizers` file, without padding and truncation
    model.onnx       the graph that runs; float32, int8 or whatever a technique made of it
    weights.pt       torch's state of the same network, for further optimisation; may be absent in a shipped engine
    CARD.md          the model card, for people

A technique reads one folder and writes another, so that nothing measured can change under the measurement.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

DESCRIPTION = "engine.json"
TOKENIZER = "tokenizer.json"
GRAPH = "model.onnx"
WEIGHTS = "weights.pt"
CARD = "CARD.md"

KIND = "next_action"
"""The kind of engine that is learned from traces."""


class FolderError(Exception):
    """A learned engine's folder is incomplete or damaged; the message names the file and the way out."""


@dataclass(frozen=True)
class Description:
    """What `engine.json` says.

    Attributes:
        kind: which engine runs the folder; `KIND` for one learned from traces.
        labels: the actions known from training, in the order of the network's outputs; "" is the plain reply.
        arguments: the argument names that the network points to, in the order of its outputs.
        settings: what featurising needs at run time: `max_tokens` and the like.
        calibration: `temperature`, by which logits are divided before they become a confidence.
        metrics: what was measured when the folder was made, by name.
        history: the commands that made it, oldest first.
    """

    kind: str
    labels: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, float] = field(default_factory=lambda: {"temperature": 1.0})
    metrics: dict[str, Any] = field(default_factory=dict)
    history: tuple[str, ...] = ()

    def after(self, step: str, **changes: Any) -> Description:
        """The same description after one more `step` of its history, with `changes`."""
        return replace(self, history=(*self.history, step), **changes)


def read_description(folder: Path) -> Description:
    """What the engine in `folder` is.

    Raises:
        FolderError: `engine.json` is missing, is no JSON or lacks a field.
    """
    file = folder / DESCRIPTION
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise FolderError(f"{folder} is no learned engine: it has no {DESCRIPTION}.") from None
    except ValueError as error:
        raise FolderError(f"{file} is no JSON ({error}): make the engine again.") from None
    known = {each.name for each in fields(Description)}
    if not isinstance(read, dict) or not {"kind", "labels"} <= set(read):
        raise FolderError(f"{file} names no kind and labels: make the engine again.")
    as_tuples = {name: tuple(read[name]) for name in ("labels", "arguments", "history") if name in read}
    return Description(**{name: value for name, value in read.items() if name in known} | as_tuples)


def write_description(folder: Path, description: Description) -> None:
    """Write `engine.json` into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(description), ensure_ascii=False, indent=1)
    new = folder / f"{DESCRIPTION}.new"
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(folder / DESCRIPTION)


def need(folder: Path, name: str) -> Path:
    """The file `name` of `folder`.

    Raises:
        FolderError: it is not there.
    """
    file = folder / name
    if not file.is_file():
        raise FolderError(f"{file} is missing: make the engine again, or copy the whole folder.")
    return file


def copy_folder(source: Path, target: Path, *, without: tuple[str, ...] = ()) -> None:
    """Copy an engine's files, except those named in `without`, into `target`, which is made if need be."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.is_file() and file.name not in without and not file.name.startswith("checkpoint"):
            shutil.copy2(file, target / file.name)


def tidy(folder: Path) -> None:
    """Remove what a training keeps in order to go on after a kill."""
    for left in (folder / "checkpoint.pt", *folder.glob("taught-*.npz")):
        left.unlink(missing_ok=True)
