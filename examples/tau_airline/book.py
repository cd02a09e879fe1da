"""`book_reservation`: a new trip, paid in full, with the bags counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from examples.records import Record
from examples.tau_airline.look_up import reserved
from examples.tau_airline.rules import EXTRA_BAG, INSURANCE, bags_are_counted, gave_user_id, leads
from examples.tau_airline.store import NOW, Store
from shopbot.tools import Call, Observation, Source, action

Records = Sequence[Record]
Cabin = Literal["basic_economy", "economy", "business"]
MOST = {"certificate": 1, "credit_card": 1, "gift_card": 3}
"""How many of each kind may pay for one reservation."""
NEW_IDS = ("HATHAT", "HATHAU", "HATHAV")


class Flight(TypedDict):
    """One segment; what else is said of it goes without notice."""

    __pydantic_config__ = ConfigDict(extra="ignore")  # type: ignore[misc]

    flight_number: str
    date: str


class Passenger(TypedDict):
    """One traveller."""

    first_name: str
    last_name: str
    dob: str


class Payment(TypedDict):
    """What one way to pay pays."""

    payment_id: str
    amount: float


def flies_there(
    call: Call[Store],
    origin: str,
    destination: str,
    flight_type: str,
    cabin: str,
    flights: Records,
    passengers: Records,
) -> str | None:
    """Flights with seats that make the trip."""
    segments = [call.services.price(flight, cabin, len(passengers)) for flight in flights]
    return leads(segments, origin, destination, flight_type)


def are_its_methods(call: Call[Store], user_id: str, payment_methods: Records) -> str | None:
    """Ways to pay of the profile, not more of a kind than allowed, each with the balance."""
    methods = [(pay, call.services.method(user_id, pay["payment_id"])) for pay in payment_methods]
    kinds = Counter(method["source"] for _, method in methods)
    beyond = [f"{kinds[kind]} {kind}s" for kind, most in MOST.items() if kinds[kind] > most]
    short = [pay["payment_id"] for pay, method in methods if method.get("amount", pay["amount"]) < pay["amount"]]
    wrong = [*beyond, *(f"{payment_id} beyond its balance" for payment_id in short)]
    return f"This cannot pay: {', '.join(wrong)}. At most {MOST} may." if wrong else None


def pays_the_price(
    call: Call[Store], cabin: str, flights: Records, passengers: Records, payment_methods: Records,
    nonfree_baggages: int, insurance: str,
) -> str | None:  # fmt: skip
    """Together the payments are the price."""
    count = len(passengers)
    seats = sum(call.services.price(flight, cabin, count)["price"] for flight in flights) * count
    total = seats + (INSURANCE * count if insurance == "yes" else 0) + EXTRA_BAG * nonfree_baggages
    paid = sum(payment["amount"] for payment in payment_methods)
    return None if paid == total else f"The price is {total}, and {paid} would be paid: tell the customer the price."


def counts_bags(
    call: Call[Store], user_id: str, cabin: str, passengers: Records, total_baggages: int, nonfree_baggages: int
) -> str | None:
    """Bags beyond the free ones cost, and only they."""
    return bags_are_counted(call.services.user(user_id), cabin, len(passengers), total_baggages, nonfree_baggages)


@action(
    effect="write",
    confirm="book_reservation",
    goal=True,
    rules=(gave_user_id, flies_there, counts_bags, are_its_methods, pays_the_price),
)
def book_reservation(
    call: Call[Store],
    user_id: str,
    origin: Annotated[str, Source.ENGINE],
    destination: Annotated[str, Source.ENGINE],
    flight_type: Literal["one_way", "round_trip"],
    cabin: Cabin,
    flights: Annotated[list[Flight], Field(min_length=1)],
    passengers: Annotated[list[Passenger], Field(min_length=1, max_length=5)],
    payment_methods: Annotated[list[Payment], Source.ENGINE],
    total_baggages: Annotated[int, Source.ENGINE],
    nonfree_baggages: Annotated[int, Source.ENGINE],
    insurance: Literal["yes", "no"],
) -> Observation:
    """Book a trip: every segment, every passenger (at most five), how it is paid, all bags and those that cost."""
    store: Store = call.services
    reservation_id = next(one for one in NEW_IDS if one not in store.reservations)
    segments = [store.price(dict(flight), cabin, len(passengers)) for flight in flights]
    payments: list[Record] = [dict(payment) for payment in payment_methods]
    for payment in payments:
        store.pay(user_id, payment["payment_id"], payment["amount"])
    trip = {
        "user_id": user_id,
        "origin": origin,
        "destination": destination,
        "flight_type": flight_type,
        "cabin": cabin,
    }
    bags = {"total_baggages": total_baggages, "nonfree_baggages": nonfree_baggages, "insurance": insurance}
    paid = {"flights": segments, "passengers": [dict(one) for one in passengers], "payment_history": payments}
    store.reservations[reservation_id] = {
        "reservation_id": reservation_id, **trip, **paid, "created_at": NOW.isoformat(), **bags
    }  # fmt: skip
    store.user(user_id)["reservations"].append(reservation_id)
    return reserved(store.reservations[reservation_id])
