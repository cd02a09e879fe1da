"""Changes of a reservation: its flights or cabin, its bags, its passengers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from examples.records import Record
from examples.tau_airline.book import Cabin, Flight, Passenger
from examples.tau_airline.look_up import reserved
from examples.tau_airline.rules import (
    EXTRA_BAG,
    bags_are_counted,
    can_pay_change,
    is_not_cancelled,
    is_not_flown,
    is_own_reservation,
    leads,
    named_payment,
)
from examples.tau_airline.store import Store
from shopbot.tools import Action, Call, Observation, Rule, Source, action


def reservation_change(*rules: Rule, confirm: str) -> Callable[[Callable[..., Observation]], Action]:
    """The contract of a change: the customer's own reservation, looked at before, not cancelled, confirmed."""
    need = "reservation:{reservation_id}"
    shared = (is_own_reservation, is_not_cancelled)
    return action(needs=(need,), gives=(need,), effect="write", confirm=confirm, goal=True, rules=(*shared, *rules))


def keeps_what_must_stay(call: Call[Store], reservation_id: str, cabin: str, flights: Sequence[Record]) -> str | None:
    """Basic economy keeps its flights; any other keeps origin, destination and kind of trip."""
    reservation = call.services.reservation(reservation_id)
    now, wanted = (sorted((f["flight_number"], f["date"]) for f in each) for each in (reservation["flights"], flights))
    if now != wanted and call.services.cabin(reservation) == "basic_economy":
        return "Flights of a basic economy reservation cannot be changed; its cabin can, with the same flights."
    segments = _segments(call.services, reservation, cabin, flights)
    return leads(segments, reservation["origin"], reservation["destination"], reservation["flight_type"])


def pays_difference(
    call: Call[Store], reservation_id: str, cabin: str, flights: Sequence[Record], payment_id: str
) -> str | None:
    """The difference in price is paid or refunded with one gift card or credit card."""
    reservation = call.services.reservation(reservation_id)
    more = _difference(reservation, _segments(call.services, reservation, cabin, flights))
    return can_pay_change(call.services, reservation, payment_id, more)


@reservation_change(is_not_flown, keeps_what_must_stay, pays_difference, named_payment, confirm="update_flights")
def update_reservation_flights(
    call: Call[Store],
    reservation_id: str,
    cabin: Cabin,
    flights: Annotated[list[Flight], Field(min_length=1)],
    payment_id: str,
) -> Observation:
    """Change flights or cabin. Name every segment of the whole trip, also those that stay; all fly in one cabin."""
    store = call.services
    reservation = store.reservation(reservation_id)
    segments = _segments(store, reservation, cabin, [dict(flight) for flight in flights])
    _pay(store, reservation, payment_id, _difference(reservation, segments))
    reservation["flights"] = segments
    store.cabins[reservation_id] = cabin
    if not store.cabin_is_kept:
        reservation["cabin"] = cabin
    return reserved(reservation)


def adds_bags(call: Call[Store], reservation_id: str, total_baggages: int, nonfree_baggages: int) -> str | None:
    """Bags are added, not taken away, and counted by membership."""
    reservation = call.services.reservation(reservation_id)
    if total_baggages < reservation["total_baggages"]:
        return f"{reservation_id} has {reservation['total_baggages']} bags: they can be added and not removed."
    user, count = call.services.user(reservation["user_id"]), len(reservation["passengers"])
    return bags_are_counted(user, call.services.cabin(reservation), count, total_baggages, nonfree_baggages)


def pays_bags(call: Call[Store], reservation_id: str, nonfree_baggages: int, payment_id: str) -> str | None:
    """Further bags are paid with one gift card or credit card."""
    reservation = call.services.reservation(reservation_id)
    return can_pay_change(call.services, reservation, payment_id, _bags_price(reservation, nonfree_baggages))


@reservation_change(adds_bags, pays_bags, confirm="update_baggages")
def update_reservation_baggages(
    call: Call[Store],
    reservation_id: str,
    total_baggages: Annotated[int, Source.ENGINE],
    nonfree_baggages: Annotated[int, Source.ENGINE],
    payment_id: str,
) -> Observation:
    """Add checked bags: how many there are then, and how many of them cost."""
    store = call.services
    reservation = store.reservation(reservation_id)
    _pay(store, reservation, payment_id, _bags_price(reservation, nonfree_baggages))
    reservation.update(total_baggages=total_baggages, nonfree_baggages=nonfree_baggages)
    return reserved(reservation)


def keeps_number(call: Call[Store], reservation_id: str, passengers: Sequence[Record]) -> str | None:
    """The number of passengers stays; not even a person can change it."""
    count = len(call.services.reservation(reservation_id)["passengers"])
    return None if len(passengers) == count else f"{reservation_id} has {count} passengers, and that number stays."


@reservation_change(keeps_number, confirm="update_passengers")
def update_reservation_passengers(call: Call[Store], reservation_id: str, passengers: list[Passenger]) -> Observation:
    """Change who travels: all passengers, as many as before."""
    reservation = call.services.reservation(reservation_id)
    reservation["passengers"] = [dict(passenger) for passenger in passengers]
    return reserved(reservation)


def _segments(store: Store, reservation: Record, cabin: str, flights: Sequence[Record]) -> list[Record]:
    kept = reservation["flights"] if cabin == reservation["cabin"] else ()
    return [store.price(flight, cabin, len(reservation["passengers"]), kept) for flight in flights]


def _difference(reservation: Record, segments: Sequence[Record]) -> int:
    new, old = (sum(segment["price"] for segment in each) for each in (segments, reservation["flights"]))
    return int((new - old) * len(reservation["passengers"]))


def _bags_price(reservation: Record, nonfree_baggages: int) -> int:
    return EXTRA_BAG * max(0, nonfree_baggages - int(reservation["nonfree_baggages"]))


def _pay(store: Store, reservation: Record, payment_id: str, amount: int) -> None:
    store.pay(reservation["user_id"], payment_id, amount)
    if amount:
        reservation["payment_history"].append({"payment_id": payment_id, "amount": amount})
