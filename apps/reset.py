"""`shopbot reset`: the demo shop, built afresh and the same every time.

What was there before is moved aside, not deleted.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from shopbot.apps.logbook import keep_log
from shopbot.apps.settings import command_settings, follow_up
from shopbot.shop.errors import ShopError
from shopbot.shop.settings import Settings

ASIDE = "before-reset"


class ResetRefused(ShopError):
    """The order database is not ours to replace."""


def run_reset(*, data: Path | None, yes: bool) -> int:
    """Build the demo shop under the data folder; returns the exit code.

    Raises:
        ResetRefused: `SHOPBOT_DATABASE_URL` names a database that holds orders, and `--yes` was not given.
    """
    from shopbot.shop.database.connection import open_database
    from shopbot.shop.demo.seed import build_demo

    settings = command_settings(data=data)
    if settings.database_url and not yes and _has_orders(settings):
        raise ResetRefused(
            "SHOPBOT_DATABASE_URL names a database that holds orders; reset would replace them all with the demo "
            "shop. Give --yes if that is what you want."
        )
    aside = _move_aside(settings.data)
    with keep_log(settings):
        database = open_database(settings.shop_database_url)
        build_demo(database, datetime.now(UTC))
        database.dispose()
    print(f"The demo shop is in {settings.data}." + (f" What was there is now in {aside}." if aside else ""))
    print(f"Try order 123456 with maria.lopez@example.com: {follow_up('chat', data)}", file=sys.stderr)
    return 0


def _has_orders(settings: Settings) -> bool:
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from shopbot.shop.database.connection import open_database
    from shopbot.shop.database.models import Order

    database = open_database(settings.shop_database_url)
    with Session(database) as session:
        found = session.scalar(select(Order.order_number).limit(1)) is not None
    database.dispose()
    return found


def _move_aside(data: Path) -> Path | None:
    """Move every entry of the data folder into a dated folder inside it, except earlier such folders."""
    entries = [entry for entry in data.iterdir() if not entry.name.startswith(ASIDE)] if data.is_dir() else []
    if not entries:
        return None
    aside = data / f"{ASIDE}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    aside.mkdir()
    for entry in entries:
        entry.rename(aside / entry.name)
    return aside
