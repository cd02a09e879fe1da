"""The sandbox carrier is killed, started again, started twice: what it sold stays sold."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from shopbot.shop.carrier import Address, Carrier, Parcel
from shopbot.shop.carrier.sandbox.server import SandboxCarrier
from shopbot.shop.errors import CarrierError, CarrierUnavailable

SERVE = """
import sys
from pathlib import Path
from shopbot.shop.carrier.sandbox.server import SandboxCarrier
sandbox = SandboxCarrier(Path(sys.argv[1]))
sandbox.start()
print(sandbox.url, flush=True)
sys.stdin.read()
"""


@contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox carrier in a process of its own, and where it serves."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def test_a_killed_carrier_still_knows_what_it_sold(folder: Path, customer: Address, shop: Address) -> None:
    with process(folder) as (running, url), Carrier("any-key", url) as carrier:
        sold = carrier.buy_once(carrier.create_return(customer, shop, Parcel(20), "RET-1"))
        running.send_signal(signal.SIGKILL)
        running.wait()
        with pytest.raises(CarrierUnavailable):
            carrier.bought(sold.shipment_id)
    with SandboxCarrier(folder) as again, Carrier("any-key", again.url) as carrier:
        found = carrier.buy_once(sold.shipment_id)
        assert (found.tracking_code, found.cost_cents) == (sold.tracking_code, sold.cost_cents)
        assert carrier.download(sold).startswith(b"%PDF-")
        assert len(again.purchases()) == 1


def test_a_shipment_registered_before_the_kill_can_be_bought_after(
    folder: Path, customer: Address, shop: Address
) -> None:
    with process(folder) as (running, url), Carrier("any-key", url) as carrier:
        shipment_id = carrier.create_return(customer, shop, Parcel(20), "RET-1")
        running.send_signal(signal.SIGKILL)
    with SandboxCarrier(folder) as again, Carrier("any-key", again.url) as carrier:
        assert carrier.bought(shipment_id) is None
        assert carrier.buy_once(shipment_id).cost_cents == 692


def test_two_processes_over_one_folder_sell_one_label(folder: Path, customer: Address, shop: Address) -> None:
    with process(folder) as (_, url), SandboxCarrier(folder) as sandbox:
        with Carrier("any-key", url) as theirs, Carrier("any-key", sandbox.url) as ours:
            shipment_id = theirs.create_return(customer, shop, Parcel(20), "RET-1")
            with ThreadPoolExecutor(4) as pool:
                labels = list(pool.map(lambda carrier: carrier.buy_once(shipment_id), [ours, theirs] * 4))
        assert {label.tracking_code for label in labels} == {one.tracking_code for one in sandbox.purchases()}
        assert len(sandbox.purchases()) == 1


def test_many_may_start_over_one_empty_folder_at_once(folder: Path) -> None:
    def start(_: int) -> str:
        with SandboxCarrier(folder) as sandbox:
            return sandbox.url

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(start, range(8)))) == 8


def test_a_process_that_ends_with_its_carrier_running_ends_quietly(folder: Path) -> None:
    with process(folder) as (running, _):
        _, errors = running.communicate(timeout=10)
    assert (running.returncode, errors) == (0, "")


def test_a_damaged_ledger_is_named(folder: Path) -> None:
    folder.mkdir()
    (folder / "carrier.db").write_bytes(b"no database" * 100)
    with pytest.raises(CarrierError, match=r"ledger .*carrier.db .*not a database"):
        SandboxCarrier(folder).start()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CarrierError, match=r"cannot use its ledger"):
        SandboxCarrier(tmp_path / "file" / "carrier").start()


def test_a_ledger_that_is_gone_while_serving_is_an_unknown_outcome(
    folder: Path, carrier: Carrier, shipment_id: str
) -> None:
    with sqlite3.connect(folder / "carrier.db") as connection:
        connection.execute("DROP TABLE label_files")
    connection.close()
    with pytest.raises(CarrierUnavailable):
        carrier.buy_once(shipment_id)
