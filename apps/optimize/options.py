"""Options that several optimising commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A learned engine.")]
To = Annotated[
    Path | None,
    typer.Option("--to", metavar="FOLDER", help="Where the new engine goes; by default engines/ in the data folder."),
]
ToFile = Annotated[Path | None, typer.Option("--to", metavar="FILE", help="The file to write; traces as .gz or plain.")]
Traces = Annotated[
    Path | None,
    typer.Option(
        "--traces", metavar="FILE", help="Recorded decisions, JSON lines, .gz or not; default SHOPBOT_TRACES."
    ),
]
Dev = Annotated[
    Path | None,
    typer.Option("--dev", metavar="FILE", help="Decisions for the calibration; else a tenth of the conversations."),
]
Teachers = Annotated[
    list[Path] | None,
    typer.Option("--teacher", metavar="FOLDER", help="A trained engine to learn from; several are averaged."),
]
Start = Annotated[
    Path | None, typer.Option("--start", metavar="FOLDER", help="Train this engine on, in the shapes it has.")
]
Layers = Annotated[int | None, typer.Option(min=1, help="Layers of the encoder to keep, evenly spread.")]
Base = Annotated[str, typer.Option(help="Encoder to start from: minilm, tiny (random), or a Hugging Face folder.")]
Epochs = Annotated[int, typer.Option(min=1, help="Passes over the decisions.")]
Rate = Annotated[float, typer.Option(min=0, help="Highest learning rate.")]
Batch = Annotated[int, typer.Option(min=1, help="Decisions a step.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same engine.")]
Threads = Annotated[int, typer.Option(min=1, help="Cores to use.")]
Retrain = Annotated[int, typer.Option("--retrain", min=0, help="Epochs of training afterwards.")]
Aware = Annotated[
    int, typer.Option("--retrain", min=0, help="Epochs of quantisation-aware training before; needs traces.")
]
Lora = Annotated[int, typer.Option("--lora", min=0, help="Retrain adapters of this rank instead of the matrices.")]
Plots = Annotated[Path | None, typer.Option("--plots", metavar="DIR", help="Draw what was measured here.")]
