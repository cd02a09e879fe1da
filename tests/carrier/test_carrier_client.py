"""What the shop asks of a carrier, over real HTTP, while nothing goes wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shopbot.shop.carrier import Address, Carrier, Parcel
from shopbot.shop.carrier.sandbox.server import SandboxCarrier
from shopbot.shop.errors import CarrierRefused


def test_a_label_is_bought_at_the_lowest_rate(carrier: Carrier, shipment_id: str) -> None:
    label = carrier.buy(shipment_id)
    assert (label.carrier, label.service, label.cost_cents) == ("USPS", "GroundAdvantage", 692)


def test_nothing_is_bought_by_registering_a_return(carrier: Carrier, shipment_id: str) -> None:
    assert carrier.bought(shipment_id) is None


def test_what_was_bought_can_be_looked_up(carrier: Carrier, shipment_id: str) -> None:
    assert carrier.buy(shipment_id) == carrier.bought(shipment_id)


def test_buying_twice_is_refused(carrier: Carrier, shipment_id: str) -> None:
    carrier.buy(shipment_id)
    with pytest.raises(CarrierRefused, match=r"SHIPMENT\.POSTAGE\.EXISTS"):
        carrier.buy(shipment_id)


def test_buy_once_may_be_repeated(carrier: Carrier, sandbox: SandboxCarrier, shipment_id: str) -> None:
    labels = {carrier.buy_once(shipment_id) for _ in range(3)}
    assert [label.tracking_code for label in labels] == [one.tracking_code for one in sandbox.purchases()]


def test_many_at_once_buy_one_label(carrier: Carrier, sandbox: SandboxCarrier, shipment_id: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        labels = set(pool.map(carrier.buy_once, [shipment_id] * 16))
    assert len(labels) == len(sandbox.purchases()) == 1


def test_the_label_is_a_pdf(carrier: Carrier, shipment_id: str) -> None:
    assert carrier.download(carrier.buy(shipment_id)).startswith(b"%PDF-")


def test_a_label_is_found_although_its_address_has_moved(carrier: Carrier, shipment_id: str) -> None:
    label = replace(carrier.buy(shipment_id), label_url="http://127.0.0.1:9/gone.pdf")
    assert carrier.download(label).startswith(b"%PDF-")


def test_a_good_address_comes_back_as_the_post_writes_it(carrier: Carrier, customer: Address) -> None:
    verified = carrier.verify(customer)
    assert (verified.street1, verified.street2) == ("388 TOWNSEND ST APT 20", "")
    assert verified.name == customer.name


@pytest.mark.parametrize(
    "change",
    [
        {"state": "ZZ"},
        {"zip": "9410"},
        {"city": ""},
        {"street1": "Townsend St"},
        {"street1": "000 unknown street"},
    ],
)
def test_an_address_that_cannot_be_delivered_to_is_refused(
    carrier: Carrier, customer: Address, change: dict[str, str]
) -> None:
    with pytest.raises(CarrierRefused, match=r"refused to verify the address: Unable to verify address"):
        carrier.verify(replace(customer, **change))


def test_an_address_abroad_needs_no_american_state(carrier: Carrier) -> None:
    abroad = Address("Jörg", "Hauptstraße 5", "Köln", "", "50667", country="DE")
    assert carrier.verify(abroad).city == "KÖLN"


def test_a_parcel_that_is_too_heavy_cannot_be_bought(carrier: Carrier, customer: Address, shop: Address) -> None:
    heavy = carrier.create_return(customer, shop, Parcel(1121), "RET-1")
    with pytest.raises(CarrierRefused, match="offers no service"):
        carrier.buy_once(heavy)


def test_a_parcel_without_weight_is_refused(carrier: Carrier, customer: Address, shop: Address) -> None:
    with pytest.raises(CarrierRefused, match=r"parcel.weight: must be a number greater than 0"):
        carrier.create_return(customer, shop, Parcel(0), "RET-1")


def test_an_unknown_shipment_is_refused(carrier: Carrier) -> None:
    with pytest.raises(CarrierRefused, match="could not be found"):
        carrier.bought("shp_0")


@pytest.mark.parametrize("evil", ["", "../addresses", "shp_1/buy", "shp_1?x=1", "shp_é", "shp_1\r\nX: y"])
def test_an_id_that_is_none_never_reaches_the_carrier(carrier: Carrier, evil: str) -> None:
    with pytest.raises(CarrierRefused, match="is not the id of a shipment"):
        carrier.bought(evil)


def test_a_missing_key_is_refused(sandbox: SandboxCarrier) -> None:
    with Carrier("", sandbox.url) as nobody, pytest.raises(CarrierRefused, match="An API key is required"):
        nobody.bought("shp_1")


def test_a_closed_carrier_opens_again(carrier: Carrier, shipment_id: str) -> None:
    carrier.close()
    assert carrier.bought(shipment_id) is None
