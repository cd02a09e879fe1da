"""A shop, opened: settings, order database, carrier, mail and fulfilment, together and closed together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shopbot.shop.limits import Limits, load_limits

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from shopbot.shop.fulfilment import Fulfilment
    from shopbot.shop.profile import Profile
    from shopbot.shop.rules import ReturnRules
    from shopbot.shop.settings import Settings


LINGER_S = 3.0
"""Seconds that a closing shop gives unfinished returns."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Shop:
    """The parts of an open shop.

    `database` may write; `reader` cannot, whatever it is asked.
    """

    settings: Settings
    database: Engine
    reader: Engine
    fulfilment: Fulfilment
    profile: Profile
    rules: ReturnRules
    now: Callable[[], datetime] = _utc_now
    limits: Limits = field(default_factory=load_limits)


@contextmanager
def open_shop(settings: Settings, now: Callable[[], datetime] = _utc_now) -> Iterator[Shop]:
    """Open everything the settings name; the demo shop is built when the order database is new and local.

    Fulfilment that was cut short when an earlier process died goes on from where it was.

    Raises:
        ShopError: one sentence about what cannot be opened.
    """
    from shopbot.prompts import override_prompts
    from shopbot.shop.carrier import open_carrier
    from shopbot.shop.database.connection import open_database, open_read_only
    from shopbot.shop.fulfilment import open_fulfilment
    from shopbot.shop.profile import load_profile
    from shopbot.shop.rules import load_return_rules

    make_data_folder(settings)
    with ExitStack() as stack:
        if settings.prompts:
            stack.callback(override_prompts(settings.prompts))
        database = open_database(settings.shop_database_url)
        stack.callback(database.dispose)
        _seed_when_new(settings, database, now)
        reader = open_read_only(settings.shop_database_url)
        stack.callback(reader.dispose)
        carrier = stack.enter_context(open_carrier(settings))
        fulfilment = stack.enter_context(open_fulfilment(settings, database, carrier, linger_s=LINGER_S))
        yield Shop(
            settings, database, reader, fulfilment, load_profile(settings.shop), load_return_rules(settings.rules), now
        )


def make_data_folder(settings: Settings) -> None:
    """Make the data folder and its log folder where they are missing.

    Raises:
        SettingsError: they cannot be made.
    """
    from shopbot.shop.settings import SettingsError

    try:
        (settings.data / "log").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"SHOPBOT_DATA is {str(settings.data)!r}: {error.filename or settings.data} cannot be made "
            f"({error.strerror}); name a folder that this user may write."
        ) from None


def _seed_when_new(settings: Settings, database: Engine, now: Callable[[], datetime]) -> None:
    """The demo shop, in a local database that has no order yet; a database of the user's own is never filled."""
    if settings.database_url is not None:
        return
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from shopbot.shop.database.models import Order

    with Session(database) as session:
        empty = session.scalar(select(Order.order_number).limit(1)) is None
    if empty:
        from shopbot.shop.demo.seed import build_demo

        build_demo(database, now())
