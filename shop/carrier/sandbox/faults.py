"""Faults that the sandbox carrier commits on purpose, so that a test can watch what the shop makes of them.

A fault is planned for an operation and a number of times; it hits the next calls of that operation. Without a
plan the sandbox never misbehaves. Plans live in memory: a restarted sandbox starts with the plan of
`faults.json` again.
"""

from __future__ import annotations

import threading
from collections import deque
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shopbot.shop.errors import CarrierError


class Operation(StrEnum):
    """What a request asks of the carrier; `LABEL` is both the conversion and the download of a label."""

    CREATE = "create"
    BUY = "buy"
    GET = "get"
    LABEL = "label"
    REFUND = "refund"
    VERIFY = "verify"
    TRACK = "track"


class Fault(StrEnum):
    """How a call goes wrong. `*_AFTER` and `MALFORMED` strike when the work is done, the others before it."""

    SERVER_ERROR = "server_error"
    SERVER_ERROR_AFTER = "server_error_after"
    HANG = "hang"
    HANG_AFTER = "hang_after"
    DROP = "drop"
    DROP_AFTER = "drop_after"
    MALFORMED = "malformed"
    REFUSE = "refuse"

    @property
    def does_the_work(self) -> bool:
        """Whether the carrier does what it was asked before the call goes wrong."""
        return self.value.endswith("_after") or self is Fault.MALFORMED


class PlannedFault(BaseModel):
    """One line of a plan: this fault, on this operation, this many times."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: Operation
    fault: Fault
    times: int = Field(1, ge=1)


class Faults:
    """The faults still to come, in the order planned; safe to share between threads."""

    def __init__(self, *planned: PlannedFault) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Operation, deque[Fault]] = {operation: deque() for operation in Operation}
        for one in planned:
            self.plan(one.operation, one.fault, one.times)

    @classmethod
    def read(cls, file: Path) -> Faults:
        """Read a JSON list of `{"operation": "buy", "fault": "drop_after", "times": 1}`; no file, no faults.

        Raises:
            CarrierError: the file cannot be read as a plan.
        """
        if not file.exists():
            return cls()
        try:
            return cls(*TypeAdapter(list[PlannedFault]).validate_json(file.read_bytes()))
        except (OSError, ValidationError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
            raise CarrierError(f"{file} is not a plan of faults ({reason}): correct or remove it.") from None

    def plan(self, operation: Operation | str, fault: Fault | str, times: int = 1) -> None:
        """Let the next `times` calls of `operation` (that have no fault yet) end in `fault`."""
        with self._lock:
            self._waiting[Operation(operation)].extend([Fault(fault)] * times)

    def take(self, operation: Operation) -> Fault | None:
        """The fault for this call of `operation`, used up by asking."""
        with self._lock:
            waiting = self._waiting[operation]
            return waiting.popleft() if waiting else None
