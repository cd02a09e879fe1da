"""The durable workflow of a return: its steps in order, each a DBOS step that tries until it is done.

A finished step is not run again; an unfinished one is run again from its start, which is safe (see `steps`).
Waiting happens inside a step and nothing is recorded for a failed try, so a restarted process tries at once.
Importing DBOS takes most of a second: this module is imported when a first return needs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dbos import DBOS

from shopbot.engines.recording.redaction import redact, told
from shopbot.shop.errors import CarrierRefused
from shopbot.shop.fulfilment import steps
from shopbot.shop.fulfilment.context import FulfilmentContext
from shopbot.shop.personal import personal_values

_log = logging.getLogger("shopbot.shop.fulfilment")

# The open shops of this process; of one data folder the latest serves the steps.
open_contexts: list[FulfilmentContext] = []
# Workflows that stopped because their shop was closed while the runtime went on for another one.
left_behind: set[str] = set()
# The data folder whose workflow database the runtime of this process uses.
home = [""]


class Closing(BaseException):
    """The shop closes before a step is done.

    Not an Exception: DBOS would file it as the outcome of the workflow.
    """


class _Gone(Exception):
    """The order database no longer holds the return: it was built anew."""


@DBOS.workflow(name="return", max_recovery_attempts=None)  # type: ignore[untyped-decorator]
def fulfil(return_id: int, name: str, place: str = "") -> None:
    """Bring a registered return to its end: emailed, or failed. `name` is its `steps.name_of`, `place` the data folder
    of its shop; empty for the one whose workflow database this is."""

    def step(title: str, effect: Callable[..., Any], *values: Any) -> Any:
        return _step(title, _Work(return_id, name, place), lambda context: effect(context, return_id, *values))

    try:
        step("create_shipment", steps.create_shipment)
        bought = step("buy_label", steps.buy_label)
        step("store_label", steps.store_label, bought)
        step("send_mail", steps.send_mail)
    except CarrierRefused as refusal:
        step("refuse", steps.refuse, str(refusal))
    except _Gone:
        _log.warning("%s is no longer in the order database: nothing is done for it", name)


@dataclass(frozen=True)
class _Work:
    return_id: int
    name: str
    place: str


def _step(title: str, work: _Work, effect: Callable[[FulfilmentContext], Any]) -> Any:
    # A refusal is recorded as a value, since DBOS would need the class of the error to read it back.
    result = DBOS.run_step({"name": title}, _persist, work, effect)
    if "refused" in result:
        raise CarrierRefused(result["refused"])
    if "gone" in result:
        raise _Gone
    return result["answer"]


def _persist(work: _Work, effect: Callable[[FulfilmentContext], Any]) -> dict[str, Any]:
    """Try `effect` until it is done, or refused, or the shop closes; how it ended, as JSON."""
    tries = 0
    while True:
        context = _desk_of(work.place)
        try:
            with context.working(work.return_id):
                if steps.name_of(context, work.return_id) != work.name:
                    return {"gone": True}
                return {"answer": effect(context)}
        except CarrierRefused as refusal:
            return {"refused": str(refusal)}
        except Exception as error:
            # A full disk, a locked database or a mistake in the code: none of them may lose a confirmed
            # return.
            tries += 1
            _report(context, work.return_id, tries, error)
        context.closing.wait(context.backoff.pause_s(tries))


def _desk_of(place: str) -> FulfilmentContext:
    """The open shop at that data folder.

    Raises:
        Closing: it is not open in this process (any more).
    """
    at = place or home[0]
    for context in reversed(open_contexts):
        if str(context.data) == at and not context.closing.is_set():
            return context
    left_behind.add(str(DBOS.workflow_id))
    raise Closing


def _report(context: FulfilmentContext, return_id: int, tries: int, error: Exception) -> None:
    customer = steps.customer_of(context, return_id)
    known = personal_values(context.database, customer) if customer is not None else set()
    _log.warning("return %s, try %s: %s", return_id, tries, redact(told(error), known))
    if tries == context.backoff.patience:
        try:
            steps.tell_person(context, return_id, str(error))
        except Exception:
            _log.exception("return %s: no ticket could be opened", return_id)
