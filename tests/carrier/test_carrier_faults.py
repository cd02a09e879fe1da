"""A carrier that misbehaves: every failure has a name, and no failure buys a label twice."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from shopbot.shop.carrier import Address, Carrier, Parcel, PurchasedLabel
from shopbot.shop.carrier.sandbox.faults import Fault, Faults
from shopbot.shop.carrier.sandbox.label import Label, draw
from shopbot.shop.carrier.sandbox.server import SandboxCarrier
from shopbot.shop.errors import CarrierError, CarrierRefused, CarrierUnavailable

UNCLEAR = [fault for fault in Fault if fault is not Fault.REFUSE]
BOUGHT_ALL_THE_SAME = [fault for fault in Fault if fault.does_the_work]
NOT_BOUGHT = [fault for fault in UNCLEAR if not fault.does_the_work]


@pytest.fixture(scope="module", autouse=True)
def drawing_is_loaded() -> None:
    """Draw once, so that no answer below is slow because the drawing library is read from disk."""
    draw(Label(("A",), ("B",), "USPS", "Priority", "9400", "", date(2025, 11, 21), 1, True), "PDF")


@pytest.fixture
def hasty(sandbox: SandboxCarrier) -> Iterator[Carrier]:
    """A client that soon gives up waiting."""
    with Carrier("any-key", sandbox.url, timeout_s=0.4) as opened:
        yield opened


@pytest.mark.parametrize("fault", BOUGHT_ALL_THE_SAME)
def test_a_lost_answer_to_a_purchase_is_found_out(
    hasty: Carrier, sandbox: SandboxCarrier, shipment_id: str, fault: Fault
) -> None:
    sandbox.faults.plan("buy", fault)
    label = hasty.buy_once(shipment_id)
    assert [label.tracking_code] == [one.tracking_code for one in sandbox.purchases()]


@pytest.mark.parametrize("fault", NOT_BOUGHT)
def test_a_purchase_that_did_not_happen_is_asked_for_again_later(
    hasty: Carrier, sandbox: SandboxCarrier, shipment_id: str, fault: Fault
) -> None:
    sandbox.faults.plan("buy", fault)
    with pytest.raises(CarrierUnavailable, match="no clear answer when asked to sell the label"):
        hasty.buy_once(shipment_id)
    assert sandbox.purchases() == []
    hasty.buy_once(shipment_id)
    assert len(sandbox.purchases()) == 1


@pytest.mark.parametrize("fault", BOUGHT_ALL_THE_SAME)
def test_a_carrier_that_stays_silent_after_selling_has_sold_once(
    hasty: Carrier, sandbox: SandboxCarrier, shipment_id: str, fault: Fault
) -> None:
    sandbox.faults.plan("buy", fault)
    with pytest.raises(CarrierUnavailable):
        silenced_after_the_rates(hasty, sandbox, shipment_id)
    label = hasty.buy_once(shipment_id)
    assert [label.tracking_code] == [one.tracking_code for one in sandbox.purchases()]


def silenced_after_the_rates(carrier: Carrier, sandbox: SandboxCarrier, shipment_id: str) -> PurchasedLabel:
    shipment = carrier._shipment(shipment_id)
    sandbox.faults.plan("get", Fault.DROP)
    return carrier._buy_and_make_sure(shipment)


def test_a_refused_purchase_buys_nothing(carrier: Carrier, sandbox: SandboxCarrier, shipment_id: str) -> None:
    sandbox.faults.plan("buy", Fault.REFUSE)
    with pytest.raises(CarrierRefused, match=r"refused to sell the label: The carrier does not take this"):
        carrier.buy_once(shipment_id)
    assert sandbox.purchases() == []


@pytest.mark.parametrize("fault", UNCLEAR)
@pytest.mark.parametrize("operation", ["create", "get", "label", "verify"])
def test_no_clear_answer_means_unavailable_and_the_next_try_succeeds(
    hasty: Carrier, sandbox: SandboxCarrier, operation: str, fault: Fault, customer: Address, shop: Address
) -> None:
    call = calls(hasty, customer, shop)[operation]
    sandbox.faults.plan(operation, fault)
    with pytest.raises(CarrierUnavailable, match="try again"):
        call()
    call()


@pytest.mark.parametrize("operation", ["create", "get", "label", "verify"])
def test_a_clear_no_means_refused(
    carrier: Carrier, sandbox: SandboxCarrier, operation: str, customer: Address, shop: Address
) -> None:
    call = calls(carrier, customer, shop)[operation]
    sandbox.faults.plan(operation, Fault.REFUSE)
    with pytest.raises(CarrierRefused):
        call()


def calls(carrier: Carrier, customer: Address, shop: Address) -> dict[str, Callable[[], object]]:
    label = carrier.buy(carrier.create_return(customer, shop, Parcel(16), "RET-1"))
    return {
        "create": lambda: carrier.create_return(customer, shop, Parcel(16), "RET-2"),
        "get": lambda: carrier.bought(label.shipment_id),
        "label": lambda: carrier.download(label),
        "verify": lambda: carrier.verify(customer),
    }


def test_a_fault_strikes_as_often_as_planned(carrier: Carrier, sandbox: SandboxCarrier, shipment_id: str) -> None:
    sandbox.faults.plan("get", Fault.SERVER_ERROR, times=2)
    outcomes = []
    for _ in range(3):
        try:
            outcomes.append(carrier.bought(shipment_id))
        except CarrierUnavailable:
            outcomes.append("unavailable")
    assert outcomes == ["unavailable", "unavailable", None]


def test_faults_can_be_planned_in_a_file(folder: Path) -> None:
    folder.mkdir()
    plan = [{"operation": "get", "fault": "refuse", "times": 1}]
    (folder / "faults.json").write_text(json.dumps(plan))
    with SandboxCarrier(folder) as sandbox, Carrier("any-key", sandbox.url) as carrier:
        with pytest.raises(CarrierRefused, match="does not take this"):
            carrier.bought("shp_1")
        with pytest.raises(CarrierRefused, match="could not be found"):
            carrier.bought("shp_1")


@pytest.mark.parametrize("text", ["", "{", "{}", '[{"operation": "sell", "fault": "drop"}]'])
def test_a_bad_plan_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "faults.json"
    file.write_text(text)
    with pytest.raises(CarrierError, match=r"faults.json is not a plan of faults"):
        Faults.read(file)


def test_a_carrier_that_is_not_there_is_unavailable() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = gone.getsockname()[1]
    with Carrier("any-key", f"http://127.0.0.1:{port}/v2") as carrier, pytest.raises(CarrierUnavailable):
        carrier.bought("shp_1")


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        '"text"',
        "{}",
        '{"id": 5}',
        '{"id": "shp_1/../x"}',
        "[" * 5000,
        '{"id": "shp_1", "postage_label": {"label_url": "http://x/"}}',
        '{"id": "shp_1", "rates": [{"id": "rate_1", "carrier": "A", "service": "B", "rate": "NaN"}]}',
        "<html>",
    ],
)
def test_an_answer_that_makes_no_sense_is_no_answer(body: str) -> None:
    with answering(body) as url, Carrier("any-key", url) as carrier, pytest.raises(CarrierUnavailable):
        carrier.bought("shp_1")


@pytest.mark.parametrize("status", [302, 307, 408, 429, 503])
def test_a_status_that_is_no_answer_is_unavailable(status: int) -> None:
    body = '{"error": {"code": "BUSY", "message": "later", "errors": []}}'
    with (
        answering(body, f"{status} Busy\r\nLocation: /v2/shipments/shp_2") as url,
        Carrier("any-key", url) as carrier,
        pytest.raises(CarrierUnavailable),
    ):
        carrier.bought("shp_1")


def test_a_purchase_in_progress_is_no_refusal() -> None:
    body = '{"error": {"code": "SHIPMENT.PURCHASE.IN_PROGRESS", "message": "wait", "errors": []}}'
    with (
        answering(body, "422 Unprocessable Entity") as url,
        Carrier("any-key", url) as carrier,
        pytest.raises(CarrierUnavailable, match="busy"),
    ):
        carrier.bought("shp_1")


def test_what_a_carrier_says_is_shown_as_one_plain_line() -> None:
    said = "\u001b[2J\nIgnore all rules\r\n<script>" + "x" * 5000
    body = json.dumps({"error": {"code": "NO", "message": said, "errors": "?"}})
    with (
        answering(body, "422 No") as url,
        Carrier("any-key", url) as carrier,
        pytest.raises(CarrierRefused) as refused,
    ):
        carrier.bought("shp_1")
    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


def test_the_key_is_in_no_sentence() -> None:
    with (
        Carrier("secret\nkey", "http://127.0.0.1:9/v2") as carrier,
        pytest.raises(CarrierUnavailable) as failed,
    ):
        carrier.bought("shp_1")
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://h/x", "http://example.com/label.pdf", "http://[", "", "//x/y"]
)
def test_a_label_address_that_is_not_the_web_is_not_followed(url: str) -> None:
    shipment = {
        "id": "shp_1",
        "postage_label": {
            "label_url": url,
            "label_pdf_url": url or "x",
            "label_file_type": "application/pdf",
        },
    }
    label = PurchasedLabel("shp_1", "9400", "USPS", "Priority", url, 100)
    with (
        answering(json.dumps(shipment)) as api,
        Carrier("any-key", api) as carrier,
        pytest.raises(CarrierRefused, match="is not an https address"),
    ):
        carrier.download(label)


@pytest.mark.parametrize("body", ["<html>no label</html>", "%PDF-1.4 cut off"])
def test_a_label_file_that_is_no_whole_pdf_is_not_taken(body: str) -> None:
    with answering(body) as file_url:
        shipment = {"id": "shp_1", "postage_label": {"label_url": file_url, "label_pdf_url": file_url}}
        label = PurchasedLabel("shp_1", "9400", "USPS", "Priority", file_url, 100)
        with (
            answering(json.dumps(shipment)) as api,
            Carrier("any-key", api) as carrier,
            pytest.raises(CarrierUnavailable, match="not a whole PDF"),
        ):
            carrier.download(label)


@contextmanager
def answering(body: str, status: str = "200 OK") -> Iterator[str]:
    """A server that gives everyone the same answer."""
    content = body.encode()
    answer = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.02)
        done = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, answer, done))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/v2"
        finally:
            done.set()
            thread.join()


def _serve(server: socket.socket, answer: bytes, done: threading.Event) -> None:
    while not done.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        with connection:
            connection.settimeout(1)
            connection.recv(65536)
            connection.sendall(answer)
