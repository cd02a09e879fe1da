"""Which carrier the settings open, and what they may get wrong."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shopbot.shop.carrier import Address, Parcel, open_carrier
from shopbot.shop.carrier.sandbox.server import SandboxCarrier
from shopbot.shop.errors import CarrierError
from shopbot.shop.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("SHOPBOT_")]:
        monkeypatch.delenv(name)


def test_a_proxy_of_the_machine_is_not_asked_for_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, customer: Address, shop: Address
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with open_carrier(Settings(data=tmp_path)) as carrier:
        assert carrier.create_return(customer, shop, Parcel(20), "RET-1").startswith("shp_")


def test_without_a_key_the_sandbox_sells_the_label(tmp_path: Path, customer: Address, shop: Address) -> None:
    with open_carrier(Settings(data=tmp_path)) as carrier:
        label = carrier.buy_once(carrier.create_return(customer, shop, Parcel(20), "RET-1"))
    assert [one.tracking_code for one in SandboxCarrier(tmp_path / "carrier").purchases()] == [label.tracking_code]


def test_a_url_leads_to_a_carrier_elsewhere(
    tmp_path: Path, sandbox: SandboxCarrier, customer: Address, shop: Address
) -> None:
    with open_carrier(Settings(data=tmp_path / "shop", carrier_url=sandbox.url + "/")) as carrier:
        carrier.buy_once(carrier.create_return(customer, shop, Parcel(20), "RET-1"))
    assert len(sandbox.purchases()) == 1
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize("url", ["api.easypost.com", "ftp://x/v2", "http://", "http://["])
def test_a_url_that_is_none_is_named(tmp_path: Path, url: str) -> None:
    settings = Settings(data=tmp_path, carrier_url=url)
    with pytest.raises(SettingsError, match="SHOPBOT_CARRIER_URL is '"), open_carrier(settings):
        pass


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(data=tmp_path, carrier_port=port)
        with (
            pytest.raises(CarrierError, match=rf"port {port} .*SHOPBOT_CARRIER_PORT"),
            open_carrier(settings),
        ):
            pass


def test_a_closed_sandbox_gives_its_port_back(folder: Path) -> None:
    with SandboxCarrier(folder) as first:
        port = int(first.url.split(":")[2].split("/")[0])
    with SandboxCarrier(folder, port) as second:
        assert f":{port}/" in second.url


def test_importing_the_package_loads_neither_sdk_nor_drawing() -> None:
    heavy = ["easypost", "reportlab", "requests", "PIL"]
    code = f"import sys, shop.carrier; print([name for name in {heavy} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
