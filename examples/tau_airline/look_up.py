"""What can be looked up: a customer, a reservation, flights, airports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

from examples.records import Record
from examples.tau_airline.store import Store
from shopbot.tools import Call, Observation, action

CITIES = {
    "SFO": "San Francisco", "JFK": "New York", "LAX": "Los Angeles", "ORD": "Chicago", "DFW": "Dallas",
    "DEN": "Denver", "SEA": "Seattle", "ATL": "Atlanta", "MIA": "Miami", "BOS": "Boston", "PHX": "Phoenix",
    "IAH": "Houston", "LAS": "Las Vegas", "MCO": "Orlando", "EWR": "Newark", "CLT": "Charlotte",
    "MSP": "Minneapolis", "DTW": "Detroit", "PHL": "Philadelphia", "LGA": "LaGuardia",
}  # fmt: skip


@action(title="look at the customer")
def get_user_details(call: Call[Store], user_id: str) -> Observation:
    """Get a customer's profile: membership, ways to pay, reservations."""
    return Observation(json.dumps(call.services.user(user_id)))


@action(gives=("reservation:{reservation_id}",), title="look at the reservation")
def get_reservation_details(call: Call[Store], reservation_id: str) -> Observation:
    """Get a reservation: flights, passengers, cabin, payments, bags, insurance."""
    return reserved(call.services.reservation(reservation_id))


@action()
def get_flight_status(call: Call[Store], flight_number: str, date: str) -> Observation:
    """Get what became of a flight on one day (YYYY-MM-DD)."""
    return Observation(call.services.day(flight_number, date)["status"])


@action()
def list_all_airports(call: Call[Store]) -> Observation:
    """List the airports and their cities."""
    return Observation(json.dumps(CITIES))


@action()
def search_direct_flight(call: Call[Store], origin: str, destination: str, date: str) -> Observation:
    """Search bookable flights without a stop on one day (YYYY-MM-DD)."""
    flights = _flights(call.services, origin, destination)
    return Observation(json.dumps([shown for flight in flights if (shown := _on(flight, date))]))


@action()
def search_onestop_flight(call: Call[Store], origin: str, destination: str, date: str) -> Observation:
    """Search bookable flights with one stop on one day (YYYY-MM-DD)."""
    pairs = product(_flights(call.services, origin, None), _flights(call.services, None, destination))
    return Observation(json.dumps([both for first, second in pairs if (both := _connection(first, second, date))]))


def reserved(reservation: Record) -> Observation:
    """A reservation as it stands."""
    terms = {name: reservation.get(name) for name in ("cabin", "flights", "total_baggages", "status")}
    return Observation(json.dumps(reservation), facts={f"reservation:{reservation['reservation_id']}": terms})


def _flights(store: Store, origin: str | None, destination: str | None) -> Iterator[Record]:
    return (
        flight
        for flight in store.flights.values()
        if origin in (None, flight["origin"]) and destination in (None, flight["destination"])
    )


def _on(flight: Record, date: str) -> Record | None:
    day = flight["dates"].get(date)
    if day is None or day["status"] != "available":
        return None
    return {**{name: value for name, value in flight.items() if name != "dates"}, **day}


def _connection(first: Record, second: Record, date: str) -> list[Record] | None:
    """Two flights that connect: the second leaves after the first has landed, the day after when that is at night."""
    lands, leaves = first["scheduled_arrival_time_est"], second["scheduled_departure_time_est"]
    if first["destination"] != second["origin"] or lands > leaves:
        return None
    later = f"{date[:-2]}{int(date[-2:]) + 1}" if "+1" in lands else date
    one, other = _on(first, date), _on(second, later)
    return [{**one, "date": date}, {**other, "date": later}] if one and other else None
