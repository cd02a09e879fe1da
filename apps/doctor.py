"""`shopbot doctor`: what is set, what is found, and what is wrong, one line each."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from rich.markup import escape

from shopbot.apps.doctor_llama import check_local_models
from shopbot.apps.failures import sentence
from shopbot.apps.logbook import keep_log
from shopbot.apps.readable import readable
from shopbot.apps.settings import command_settings
from shopbot.apps.terminal import open_console
from shopbot.shop.settings import Settings, SettingsError


def run_doctor(*, data: Path | None) -> int:
    """Check every part on its own; returns 0 when all is well, else 1."""
    settings = command_settings(data=data)
    checks: dict[str, Callable[[Settings], str]] = {
        "python": lambda _: f"{platform.python_version()} on {platform.machine()}",
        "langchain": lambda _: importlib.metadata.version("langchain"),
        "data folder": _data_folder,
        "order database": _database,
        "conversations": _conversations,
        "policies": _policies,
        "engine": _engine,
        "local models": check_local_models,
        "programs": _programs,
        "carrier": _carrier,
        "mail": _mail,
        "fulfilment": _fulfilment,
    }
    with ExitStack() as stack:
        with suppress(SettingsError):  # the check of the data folder says so
            stack.enter_context(keep_log(settings))
        failed = [name for name, check in checks.items() if not _report(name, check, settings)]
    return 1 if failed else 0


def _report(name: str, check: Callable[[Settings], str], settings: Settings) -> bool:
    """Print how one check went; whether it went well."""
    console = open_console()
    try:
        found = check(settings)
    except Exception as error:
        console.print(f"[red]wrong[/red] {name}: {escape(readable(sentence(error)))}", soft_wrap=True)
        return False
    console.print(f"[green]ok[/green]    {name}: {escape(readable(found))}", soft_wrap=True)
    return True


def _data_folder(settings: Settings) -> str:
    from shopbot.shop.shop import make_data_folder

    make_data_folder(settings)
    probe = settings.data / ".writable"
    probe.write_bytes(b"")
    probe.unlink()
    return str(settings.data)


def _database(settings: Settings) -> str:
    from sqlalchemy import func, select
    from sqlalchemy.orm import Session

    from shopbot.shop.database.connection import open_database
    from shopbot.shop.database.models import Order

    database = open_database(settings.shop_database_url)
    with Session(database) as session:
        orders = session.scalar(select(func.count()).select_from(Order))
    database.dispose()
    return f"{_shown(settings.shop_database_url)}, {orders} orders"


def _conversations(settings: Settings) -> str:
    from shopbot.agents.memory import open_memory

    place = settings.conversations
    with open_memory(place):
        return _shown(place) if isinstance(place, str) else str(place)


def _policies(settings: Settings) -> str:
    from shopbot.tools.shop.policy_index import open_policies

    with closing(open_policies(settings.data, settings.policies)) as policies:
        found = policies.search("How long do I have to return something?", 1)
    return f"answering, first passage {found[0].key}" if found else "the index answers nothing"


def _engine(settings: Settings) -> str:
    from shopbot.shop.engine import configured_engine

    configured_engine(settings)
    if settings.engine == "planner":
        from shopbot.engines.shopbot.reader import Reader

        Reader().read("", "hello")
    return settings.engine


def _programs(settings: Settings) -> str:
    from shopbot.tools.interpreter import Interpreter

    interpreter = Interpreter()
    try:
        return "contained by " + ", ".join(interpreter.layers())
    finally:
        interpreter.close()


def _carrier(settings: Settings) -> str:
    from shopbot.shop.carrier import open_carrier

    with open_carrier(settings):
        return settings.carrier_url or ("EasyPost" if settings.easypost_api_key else "the sandbox on this machine")


def _mail(settings: Settings) -> str:
    from shopbot.shop.mail import open_mailer

    open_mailer(settings)
    return "by SMTP" if settings.smtp_url else f"maildir {settings.data / 'mail'}"


def _fulfilment(settings: Settings) -> str:
    from shopbot.shop.carrier import open_carrier
    from shopbot.shop.database.connection import open_database
    from shopbot.shop.fulfilment import open_fulfilment

    with ExitStack() as stack:
        database = open_database(settings.shop_database_url)
        stack.callback(database.dispose)
        carrier = stack.enter_context(open_carrier(settings))
        stack.enter_context(open_fulfilment(settings, database, carrier)).warm()
    return _shown(settings.workflow_database_url)


def _shown(url: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)
