"""The airline's database: flights by date, reservations and customers as the benchmark's file holds them, in memory.

Records stay plain JSON values, since what an action returns is the record itself. The clock stands still, as the
benchmark's does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from examples.records import Record, found, read_json
from shopbot.tools import ActionError

NOW = datetime(2024, 5, 15, 15)
"""The time, EST."""


@dataclass
class Store:
    """Records by their id. `cabin_is_kept`: a change of flights leaves the cabin as it was written, as the first
    edition of the benchmark does; `cabins` has the cabins that were really changed to."""

    flights: dict[str, Record]
    reservations: dict[str, Record]
    users: dict[str, Record]
    cabin_is_kept: bool = False
    cabins: dict[str, str] = field(default_factory=dict)

    def user(self, user_id: str) -> Record:
        """A customer. Raises `ActionError` when there is none."""
        return found(self.users, user_id, "User")

    def reservation(self, reservation_id: str) -> Record:
        """A reservation. Raises `ActionError` when there is none."""
        return found(self.reservations, reservation_id, "Reservation")

    def day(self, flight_number: str, date: str) -> Record:
        """A flight on one day: its status, seats and prices. Raises `ActionError` when it does not fly then."""
        return found(found(self.flights, flight_number, "Flight")["dates"], date, f"{flight_number} on that date")

    def method(self, user_id: str, payment_id: str) -> Record:
        """A way to pay in the customer's profile. Raises `ActionError` when there is no such one."""
        return found(self.user(user_id)["payment_methods"], payment_id, "Payment method")

    def price(self, flight: Record, cabin: str, passengers: int, kept: Sequence[Record] = ()) -> Record:
        """The flight as a segment of a reservation: with its price, today's or that of a segment that is kept.

        Raises:
            ActionError: it cannot be booked on that day, or has not enough seats.
        """
        number, date = flight["flight_number"], flight["date"]
        for segment in kept:
            if (segment["flight_number"], segment["date"]) == (number, date):
                return {**flight, **{name: segment[name] for name in ("price", "origin", "destination")}}
        day = self.day(number, date)
        if day["status"] != "available":
            raise ActionError(f"Flight {number} is {day['status']} on {date} and cannot be booked.")
        if day["available_seats"][cabin] < passengers:
            raise ActionError(f"{number} has {day['available_seats'][cabin]} {cabin} seats left on {date}, not enough.")
        ends = {name: self.flights[number][name] for name in ("origin", "destination")}
        return {**flight, "price": day["prices"][cabin], **ends}

    def pay(self, user_id: str, payment_id: str, amount: float) -> None:
        """Take `amount` from a gift card, or give it back when negative; a certificate is used up."""
        method = self.method(user_id, payment_id)
        if method["source"] == "gift_card":
            method["amount"] -= amount
        elif method["source"] == "certificate":
            del self.user(user_id)["payment_methods"][payment_id]

    def cabin(self, reservation: Record) -> str:
        """The cabin that the reservation flies in."""
        return str(self.cabins.get(reservation["reservation_id"], reservation["cabin"]))

    def statuses(self, reservation: Record) -> list[str]:
        """What became of the flights of a reservation; one that has landed late was delayed, too."""
        days = [(f, self.day(f["flight_number"], f["date"])) for f in reservation["flights"]]
        late = [f for f, day in days if day["status"] == "landed" and self._is_late(f, day)]
        return [str(day["status"]) for _, day in days] + ["delayed"] * len(late)

    def _is_late(self, flight: Record, day: Record) -> bool:
        planned, _, days = self.flights[flight["flight_number"]]["scheduled_arrival_time_est"].partition("+")
        due = datetime.fromisoformat(f"{flight['date']}T{planned}") + timedelta(days=int(days or 0))
        return datetime.fromisoformat(day["actual_arrival_time_est"]) > due


def open_store(file: Path) -> Store:
    """The database in a JSON file, gzipped or not."""
    return Store(**read_json(file))
