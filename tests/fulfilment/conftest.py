"""A data folder with one order in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from return_shop import build

from shopbot.shop.settings import Settings

if TYPE_CHECKING:
    from mail_sink import MailSink


# The mail sink stands beside both folders that use it.
sys.path.append(str(Path(__file__).parents[1]))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path, fulfilment_wait_s=10, carrier_timeout_s=1)
    build(made)
    return made


@pytest.fixture
def sink() -> Iterator[MailSink]:
    from mail_sink import MailSink

    with MailSink() as server:
        yield server
