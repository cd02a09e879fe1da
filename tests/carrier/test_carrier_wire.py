"""The sandbox speaks EasyPost's wire format: the same SDK, keys and errors as recorded from EasyPost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import easypost
import pytest
import requests
from easypost.errors import InvalidRequestError, NotFoundError, UnauthorizedError

from shopbot.shop.carrier.sandbox.operations import new_tracking_code
from shopbot.shop.carrier.sandbox.server import SandboxCarrier

ROOT = Path(__file__).parents[2]
RECORDINGS = (ROOT / os.environ.get("SHOPBOT_EXTERNAL_DATA", "../shared/data")).resolve() / "easypost_wire"
RECORDED = ["address_create_verify", "address_create_verify_strict", "address_verify_invalid_address"]
RECORDED += [
    "error",
    "shipment_buy",
    "shipment_convert_label",
    "shipment_create",
    "shipment_refund",
    "tracker_create",
]

FROM = {
    "name": "A",
    "street1": "1 Main St",
    "city": "Columbus",
    "state": "OH",
    "zip": "43215",
    "country": "US",
}
TO = {"name": "B", "street1": "2 High St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"}
ASKED: dict[str, Any] = {"from_address": FROM, "to_address": TO, "parcel": {"weight": 15.4}}
FREE_FORM = {
    "options",
    "customs_info",
    "tracking_details",
    "carrier_detail",
}  # what these hold depends on the case


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings of EasyPost at {RECORDINGS}")
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_conversation_gets_bodies_of_the_same_shape(sandbox: SandboxCarrier, name: str) -> None:
    ids: dict[str, str] = {}
    for exchange in json.loads((RECORDINGS / f"test_{name}.json").read_text("utf-8")):
        asked, recorded = exchange["request"], exchange["response"]
        answer = replay(sandbox, asked, ids)
        assert answer.status_code == recorded["status"]["code"]
        assert shape(answer.json()) == shape(recorded["body"])
        remember(ids, recorded["body"], answer.json())


def replay(sandbox: SandboxCarrier, asked: dict[str, Any], ids: dict[str, str]) -> requests.Response:
    """Ask the sandbox what EasyPost was asked, with the sandbox's ids in place of EasyPost's."""
    path, body = asked["uri"].split("/v2", 1)[1], json.dumps(asked["body"])
    for theirs, ours in ids.items():
        path, body = path.replace(theirs, ours), body.replace(theirs, ours)
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Content-Type": "application/json"}
        return session.request(
            asked["method"], sandbox.url + path, data=body, auth=("key", ""), headers=headers, timeout=5
        )


def remember(ids: dict[str, str], theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    if "id" in theirs:
        ids[theirs["id"]] = ours["id"]
    by_service = {rate["service"]: rate["id"] for rate in ours.get("rates", [])}
    ids.update({rate["id"]: by_service[rate["service"]] for rate in theirs.get("rates", [])})


def shape(value: Any) -> Any:
    """Keys all the way down; a list is as its first entry."""
    if isinstance(value, dict):
        return {key: None if key in FREE_FORM else shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(entry) for entry in value[:1]]
    return type(value).__name__ if isinstance(value, bool) else None


def test_a_return_keeps_its_addresses_as_in_the_outbound_shipment(sdk: easypost.EasyPostClient) -> None:
    shipment = sdk.shipment.create(is_return=True, **ASKED)
    assert (shipment.is_return, shipment.from_address.name, shipment.to_address.name) == (True, "A", "B")


def test_the_same_weight_always_costs_the_same(sdk: easypost.EasyPostClient) -> None:
    prices = [[rate.rate for rate in sdk.shipment.create(**ASKED).rates] for _ in range(2)]
    assert prices == [["34.15", "7.42", "6.07"]] * 2


def test_a_shipment_is_bought_with_the_sdk(sdk: easypost.EasyPostClient) -> None:
    shipment = sdk.shipment.create(**ASKED)
    bought = sdk.shipment.buy(shipment.id, rate=shipment.lowest_rate())
    assert sdk.shipment.retrieve(shipment.id).to_dict() == bought.to_dict()
    assert bought.tracker.tracking_code == bought.tracking_code


def test_buying_again_fails_as_at_easypost(sdk: easypost.EasyPostClient) -> None:
    shipment = sdk.shipment.create(service="Priority", carrier="USPS", **ASKED)
    with pytest.raises(InvalidRequestError) as refused:
        sdk.shipment.buy(shipment.id, rate=shipment.lowest_rate())
    assert (refused.value.http_status, refused.value.code) == (422, "SHIPMENT.POSTAGE.EXISTS")


def test_a_rate_of_another_shipment_buys_nothing(sdk: easypost.EasyPostClient) -> None:
    shipment, other = sdk.shipment.create(**ASKED), sdk.shipment.create(**ASKED)
    with pytest.raises(InvalidRequestError, match="Invalid parameter"):
        sdk.shipment.buy(shipment.id, rate=other.lowest_rate())


@pytest.mark.parametrize(("label_format", "start"), [("PDF", b"%PDF-"), ("PNG", b"\x89PNG"), ("ZPL", b"^XA")])
def test_a_label_comes_in_the_format_bought(sdk: easypost.EasyPostClient, label_format: str, start: bytes) -> None:
    label = bought(sdk, options={"label_format": label_format}).postage_label
    assert fetch(sdk, label.label_url).startswith(start)


@pytest.mark.parametrize(("file_format", "start"), [("PDF", b"%PDF-"), ("ZPL", b"^XA")])
def test_a_picture_can_be_converted(sdk: easypost.EasyPostClient, file_format: str, start: bytes) -> None:
    shipment = bought(sdk)
    label = sdk.shipment.label(shipment.id, file_format=file_format).postage_label
    assert fetch(sdk, label[f"label_{file_format.lower()}_url"]).startswith(start)
    assert label.label_url == shipment.postage_label.label_url


def test_converting_twice_gives_the_same_address(sdk: easypost.EasyPostClient) -> None:
    shipment = bought(sdk)
    urls = {sdk.shipment.label(shipment.id, file_format="PDF").postage_label.label_pdf_url for _ in range(2)}
    assert len(urls) == 1


def test_a_format_that_nobody_draws_is_refused(sdk: easypost.EasyPostClient) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        sdk.shipment.label(bought(sdk).id, file_format="EPL2")
    assert refused.value.code == "SHIPMENT.POSTAGE.INVALID_FORMAT"


def test_a_label_that_was_not_bought_cannot_be_converted(sdk: easypost.EasyPostClient) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        sdk.shipment.label(sdk.shipment.create(**ASKED).id, file_format="PDF")
    assert refused.value.code == "SHIPMENT.POSTAGE.REQUIRED"


def test_a_refund_is_submitted_once(sdk: easypost.EasyPostClient) -> None:
    shipment = bought(sdk)
    assert sdk.shipment.refund(shipment.id).refund_status == "submitted"
    with pytest.raises(InvalidRequestError) as refused:
        sdk.shipment.refund(shipment.id)
    assert refused.value.code == "SHIPMENT.REFUND.UNAVAILABLE"


def test_a_tracker_of_a_bought_label_knows_its_shipment(sdk: easypost.EasyPostClient) -> None:
    shipment = bought(sdk, is_return=True)
    tracker = sdk.tracker.create(tracking_code=shipment.tracking_code)
    assert (tracker.shipment_id, tracker.is_return) == (shipment.id, True)
    assert sdk.tracker.retrieve(tracker.id).to_dict() == tracker.to_dict()
    assert [one.id for one in sdk.tracker.all().trackers] == [tracker.id]


@pytest.mark.parametrize(("code", "status"), [("EZ4000000004", "delivered"), ("1Z999", "unknown")])
def test_a_test_code_has_its_status(sdk: easypost.EasyPostClient, code: str, status: str) -> None:
    assert sdk.tracker.create(tracking_code=code).status == status


def test_an_address_can_be_kept_and_used_by_its_id(sdk: easypost.EasyPostClient) -> None:
    kept = sdk.address.create(**FROM)
    shipment = sdk.shipment.create(from_address=kept, to_address=TO, parcel={"weight": 1})
    assert shipment.from_address.id == kept.id


def test_a_kept_address_can_be_verified(sdk: easypost.EasyPostClient) -> None:
    assert sdk.address.verify(sdk.address.create(**FROM).id).street1 == "1 MAIN ST"
    assert sdk.address.create_and_verify(**FROM).verifications.delivery.success


@pytest.mark.parametrize("missing", ["from_address", "to_address", "parcel"])
def test_a_shipment_without_a_part_is_refused(sdk: easypost.EasyPostClient, missing: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        sdk.shipment.create(**{name: part for name, part in ASKED.items() if name != missing})
    assert refused.value.errors == [{"field": missing, "message": "cannot be blank"}]


@pytest.mark.parametrize("weight", [-1, "x", True, [], {"a": 1}, 1e999, "nan"])
def test_a_weight_that_is_no_weight_is_refused(sdk: easypost.EasyPostClient, weight: object) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        ask(sdk, "/shipments", {"shipment": ASKED | {"parcel": {"weight": weight}}})
    assert refused.value.errors[0]["field"] == "parcel.weight"


@pytest.mark.parametrize("path", ["/shipments/shp_0", "/addresses/adr_0", "/trackers/trk_0", "/nothing"])
def test_what_is_not_there_is_not_found(sdk: easypost.EasyPostClient, path: str) -> None:
    with pytest.raises(NotFoundError) as missing:
        sdk.make_api_call(easypost.requestor.RequestMethod.GET, path, {})
    assert missing.value.code == "NOT_FOUND"


@pytest.mark.parametrize("header", [None, "Basic", "Basic !!!", "Basic Og==", "Bearer ", "Digest x"])
def test_without_a_key_nothing_is_shown(sandbox: SandboxCarrier, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{sandbox.url}/shipments/shp_0", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["errors"]) == (401, [])


def test_the_sdk_sees_a_missing_key(sandbox: SandboxCarrier) -> None:
    client = easypost.EasyPostClient("", api_base=sandbox.url, timeout=2)
    with pytest.raises(UnauthorizedError), client._requests_session:
        client.shipment.retrieve("shp_0")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b"[" * 100_000, 400), (b"\xff\xfe", 400), (b"x" * (1 << 20) + b"x", 413)],
)
def test_a_body_that_is_none_is_refused(sandbox: SandboxCarrier, body: bytes, status: int) -> None:
    answer = requests.post(f"{sandbox.url}/shipments", data=body, auth=("key", ""), timeout=5)
    assert answer.status_code == status


@pytest.mark.parametrize("part", [[], "x", 5, {"name": {"$": 1}}])
def test_a_part_of_the_wrong_kind_is_refused(sdk: easypost.EasyPostClient, part: object) -> None:
    with pytest.raises(InvalidRequestError):
        ask(sdk, "/shipments", {"shipment": ASKED | {"to_address": part}})


def test_text_is_kept_as_it_was_given(sdk: easypost.EasyPostClient) -> None:
    name = "Robert'); DROP TABLE shipments;-- <script>\u0000😀\u202e田"
    shipment = sdk.shipment.create(**ASKED | {"to_address": TO | {"name": name}})
    assert sdk.shipment.retrieve(shipment.id).to_address.name == name


def test_a_broken_surrogate_does_no_harm(sdk: easypost.EasyPostClient) -> None:
    assert sdk.tracker.create(tracking_code="EZ\ud800").tracking_code == "EZ?"


def test_a_label_file_needs_its_whole_secret_address(sdk: easypost.EasyPostClient) -> None:
    url = bought(sdk).postage_label.label_url
    for wrong in (url.replace(".png", ".pdf"), url[:-6] + "00.png", url + "/../x"):
        if wrong != url:
            assert requests.get(wrong, timeout=5).status_code in (401, 404)


def test_a_tracking_code_has_its_check_digit() -> None:
    digits = [int(digit) for digit in reversed(new_tracking_code())]
    assert len(digits) == 22
    assert (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0


def bought(sdk: easypost.EasyPostClient, **more: object) -> Any:
    return sdk.shipment.create(service="GroundAdvantage", carrier="USPS", **ASKED, **more)


def ask(sdk: easypost.EasyPostClient, path: str, body: dict[str, Any]) -> Any:
    # Past the SDK's own JSON, which does not write what is no number.
    text = json.dumps(body)
    answer = requests.post(sdk.api_base + path, data=text, auth=("key", ""), timeout=5)
    return easypost.requestor.Requestor(sdk).interpret_response(answer.text, answer.status_code)


def fetch(sdk: easypost.EasyPostClient, url: str) -> bytes:
    return bytes(requests.get(url, timeout=5).content)
