"""`shopbot doctor`: what is set, what is found, and what is wrong, one line each."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from shop.settings import Settings, load_settings


def run_doctor(*, data: Path | None) -> int:
    """Check every part on its own; returns 0 when all is well, else 1."""
    settings = load_settings(data=data)
    checks: dict[str, Callable[[Settings], str]] = {
        "python": lambda _: f"{platform.python_version()} on {platform.machine()}",
        "langchain": lambda _: importlib.metadata.version("langchain"),
        "data folder": _data_folder,
        "order database": _database,
        "policies": _policies,
        "engine": _engine,
        "carrier": _carrier,
        "mail": lambda s: "SMTP" if s.smtp_url else f"maildir {s.data / 'mail'}",
    }
    console = Console(highlight=False)
    failed = 0
    for name, check in checks.items():
        try:
            console.print(f"[green]ok[/green]    {name}: {check(settings)}", soft_wrap=True)
        except Exception as error:
            failed += 1
            console.print(f"[red]wrong[/red] {name}: {error}", soft_wrap=True)
    return 1 if failed else 0


def _data_folder(settings: Settings) -> str:
    settings.data.mkdir(parents=True, exist_ok=True)
    probe = settings.data / ".writable"
    probe.write_bytes(b"")
    probe.unlink()
    return str(settings.data)


def _database(settings: Settings) -> str:
    from sqlalchemy import func, select
    from sqlalchemy.orm import Session

    from shop.database.connection import open_database
    from shop.database.models import Order

    database = open_database(settings.shop_database_url)
    with Session(database) as session:
        orders = session.scalar(select(func.count()).select_from(Order))
    database.dispose()
    return f"{database.url.render_as_string(hide_password=True)}, {orders} orders"


def _policies(settings: Settings) -> str:
    from tools.policies import open_policies

    found = open_policies(settings.data).search("How long do I have to return something?", 1)
    return f"answering, first passage {found[0].key}" if found else "the index answers nothing"


def _engine(settings: Settings) -> str:
    from engines import make_engine

    make_engine(settings.engine)
    return settings.engine


def _carrier(settings: Settings) -> str:
    from shop.carrier import open_carrier

    with open_carrier(settings):
        pass
    return settings.carrier_url or ("EasyPost" if settings.easypost_api_key else "the sandbox on this machine")
