"""The `shopbot` command. Each command imports what it needs when it runs, so `--help` is instant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from shopbot.apps.access_command import app as access_app
from shopbot.apps.models import app as models_app
from shopbot.apps.optimize.app import app as optimize_app
from shopbot.apps.options import Data
from shopbot.apps.privacy_command import app as privacy_app
from shopbot.errors import extra

app = typer.Typer(
    name="shopbot",
    help="A customer-service agent that plans, formats and validates before it acts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich help costs 0.3 s of start-up
)

Engine = Annotated[
    Optional[str],  # noqa: UP045 -- typer reads the annotation at run time
    typer.Option("--engine", metavar="SPEC", help="What reasons; docs/explanation/engines.md lists them: planner, …"),
]
Agent = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(metavar="MODULE:FACTORY", help="Serve an agent of your own instead of ShopBot."),
]
Tenant = Annotated[Optional[str], typer.Option(help="Whose collection it is.")]  # noqa: UP045


@app.command()
def chat(
    data: Data = None,
    engine: Engine = None,
    thread: Annotated[str, typer.Option(metavar="ID", help="Resume this conversation.")] = "",
    trace: Annotated[bool, typer.Option(help="Show plan, thought, action and observation of every turn.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One message per input line, one JSON object per output line.")
    ] = False,
) -> None:
    """Talk to ShopBot. Ctrl-D leaves; --thread resumes."""
    if json:
        from shopbot.apps.chat_json import run_chat_json

        raise typer.Exit(run_chat_json(data=data, engine=engine, thread=thread))
    from shopbot.apps.chat import run_chat

    raise typer.Exit(run_chat(data=data, engine=engine, thread=thread, trace=trace))


@app.command()
def serve(
    data: Data = None,
    engine: Engine = None,
    agent: Agent = None,
    host: Annotated[str, typer.Option(help="Address to listen on; any but loopback needs SHOPBOT_SERVE_SECRET.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 picks a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; more than one need PostgreSQL.")] = 1,
) -> None:
    """Serve the chat, the widget, the staff's console and the interfaces for programs, until Ctrl-C."""
    with extra("serve", "The server"):
        from shopbot.apps.serve.run import run_serve

    raise typer.Exit(run_serve(data=data, engine=engine, agent=agent, host=host, port=port, workers=workers))


@app.command()
def mcp(data: Data = None, engine: Engine = None, agent: Agent = None) -> None:
    """Serve the actions as tools over MCP, on standard input and output; `serve` has them under /mcp."""
    with extra("serve", "The MCP server"):
        from shopbot.apps.serve.stdio import run_mcp

    raise typer.Exit(run_mcp(data=data, engine=engine, agent=agent))


@app.command()
def demo(
    data: Data = None,
    engine: Engine = None,
    script: Annotated[str, typer.Option(help="Name of the conversation under prompts/demo.")] = "return",
) -> None:
    """Play a customer's conversation, from the first sentence to the label, with the reasoning shown."""
    from shopbot.apps.demo import run_demo

    raise typer.Exit(run_demo(data=data, engine=engine, script=script))


@app.command()
def reset(
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before an existing shop is replaced.")] = False,
) -> None:
    """Build the demo shop afresh; it is the same every time."""
    from shopbot.apps.reset import run_reset

    raise typer.Exit(run_reset(data=data, yes=yes))


@app.command()
def ingest(
    collection: Annotated[str, typer.Option(help="Which collection they belong to.")],
    sources: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Files, folders, URLs; or the arguments of --loader."),
    ] = None,
    data: Data = None,
    loader: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="MODULE:CLASS", help="A LangChain document loader that reads them."),
    ] = None,
    tenant: Tenant = None,
    meta: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="KEY=VALUE", help="Metadata for every chunk; may be repeated."),
    ] = None,
    allow_private: Annotated[bool, typer.Option(help="Read web pages on private addresses too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Take documents into a collection; only what changed is read again."""
    from shopbot.apps.ingest import run_ingest

    if not (sources or loader):
        raise typer.BadParameter("name files, folders or URLs, or a --loader", param_hint="SOURCES")
    code = run_ingest(
        sources or (),
        data=data,
        collection=collection,
        loader=loader,
        tenant=tenant,
        metadata=meta or (),
        allow_private=allow_private,
        as_json=json,
    )
    raise typer.Exit(code)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    data: Data = None,
    collection: Annotated[str, typer.Option(help="Which collection to search.")] = "policies",
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="How many passages.")] = 5,
    where: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            metavar="KEY=VALUE", help="Only chunks like that: key=value, key!=value, key>=5; may be repeated."
        ),
    ] = None,
    tenant: Tenant = None,
    minimum: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=0, max=1, help="Confidence that counts as an answer; 0 always shows the best there is."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Search the shop's documents."""
    from shopbot.apps.search import run_search

    code = run_search(
        query,
        data=data,
        collection=collection,
        k=k,
        where=where or (),
        tenant=tenant,
        minimum=minimum,
        as_json=json,
    )
    raise typer.Exit(code)


@app.command()
def pal(
    target: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(help="A .py file, or a question that an engine writes a program for."),
    ] = None,
    data: Data = None,
    engine: Engine = None,
    entry: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The expression that holds the answer of a file."),
    ] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One program per input line, one result per line.")] = False,
    seconds: Annotated[float, typer.Option(min=0.05, max=60, help="Wall-clock limit of a program.")] = 5.0,
) -> None:
    """Run a program safely: from a file, from standard input, or written for a question."""
    from shopbot.apps.pal import run_pal

    raise typer.Exit(run_pal(target, data=data, engine=engine, entry=entry, jsonl=jsonl, seconds=seconds))


@app.command()
def audit(
    data: Data = None,
    mails: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="DIR", help="The maildir in which the shop's mail arrives, where it is not its own."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Counts and findings as one JSON object.")] = False,
) -> None:
    """Check that returns, labels, e-mails, yeses, answers and workflows fit together; changes nothing."""
    from shopbot.apps.audit.command import run_audit

    raise typer.Exit(run_audit(data=data, mails=mails, as_json=json))


@app.command()
def migrate(
    source: Annotated[str, typer.Argument(help="sqlite: for the files in the data folder.")],
    target: Annotated[str, typer.Argument(help="postgresql://user:password@host/shop, an empty database.")],
    data: Data = None,
) -> None:
    """Copy a shop from files into PostgreSQL and compare both row by row; the files stay as they are."""
    from shopbot.apps.care.migrate import run_migrate

    raise typer.Exit(run_migrate(data=data, source=source, target=target))


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new folder.")], data: Data = None) -> None:
    """Copy a shop while it is at work; the copy of a shop in files is a data folder itself."""
    from shopbot.apps.care.backup import run_backup

    raise typer.Exit(run_backup(data=data, folder=folder))


@app.command()
def tidy(
    data: Data = None,
    days: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Forget conversations older than that; by default SHOPBOT_KEEP_DAYS, or none."),
    ] = None,
) -> None:
    """Forget old conversations, and cut checkpoints back to what resuming needs."""
    from shopbot.apps.serve.tidy import run_tidy

    raise typer.Exit(run_tidy(data=data, days=days))


@app.command()
def doctor(data: Data = None) -> None:
    """Say what is set, what is found, and what is wrong."""
    from shopbot.apps.doctor import run_doctor

    raise typer.Exit(run_doctor(data=data))


app.add_typer(access_app)
app.add_typer(models_app, name="models")
app.add_typer(privacy_app)
app.add_typer(optimize_app)
