"""A real sandbox carrier on the loopback and a real client in front of it, new for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import easypost
import pytest

from shopbot.shop.carrier import Address, Carrier, Parcel
from shopbot.shop.carrier.client import SANDBOX_KEY
from shopbot.shop.carrier.sandbox.server import SandboxCarrier


@pytest.fixture
def customer() -> Address:
    return Address("Jane Doe", "388 Townsend St", "San Francisco", "CA", "94107", street2="Apt 20")


@pytest.fixture
def shop() -> Address:
    return Address("Returns ShopServices", "500 Commerce Park Rd", "Columbus", "OH", "43215", company="ShopBot Goods")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "carrier"


@pytest.fixture
def sandbox(folder: Path) -> Iterator[SandboxCarrier]:
    with SandboxCarrier(folder) as running:
        yield running


@pytest.fixture
def carrier(sandbox: SandboxCarrier) -> Iterator[Carrier]:
    with Carrier(SANDBOX_KEY, sandbox.url, timeout_s=1.0) as opened:
        yield opened


@pytest.fixture
def shipment_id(carrier: Carrier, customer: Address, shop: Address) -> str:
    return carrier.create_return(customer, shop, Parcel(30.5), "RET-000042")


@pytest.fixture
def sdk(sandbox: SandboxCarrier) -> Iterator[easypost.EasyPostClient]:
    """The `easypost` SDK as its makers ship it, without the shop's client around it."""
    client = easypost.EasyPostClient(SANDBOX_KEY, api_base=sandbox.url, timeout=2)
    client._requests_session.trust_env = False
    yield client
    client._requests_session.close()
