"""What runs in a process of its own: a shop that is killed at a named point, and one that finishes what is left.

The points wrap the real functions from outside, so the code under test knows nothing of them.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from return_shop import ADA, ORDER, open_shop

from shopbot.shop.fulfilment import Backoff
from shopbot.shop.settings import Settings

# Loaded once in the server that forks the processes, which makes each of them start in a moment.
for _module in (
    "easypost",
    "reportlab.graphics.barcode",
    "shopbot.shop.carrier.sandbox.server",
    "shopbot.shop.fulfilment.runtime",
):
    importlib.import_module(_module)

CARRIER, STEPS = "shopbot.shop.carrier.client:Carrier", "shopbot.shop.fulfilment.steps"

# name: where, which function, and whether death comes before it or after it
POINTS: dict[str, tuple[str, str, bool]] = {
    "registered, workflow not started": ("shopbot.shop.fulfilment.runtime:Runtime", "ensure", False),
    "workflow started, nothing done": (STEPS, "create_shipment", False),
    "shipment at the carrier, not stored": (CARRIER, "create_return", True),
    "shipment stored, step not recorded": (STEPS, "create_shipment", True),
    "before buying": (STEPS, "buy_label", False),
    "bought, answer not read": (CARRIER, "_purchase", True),
    "bought, step not recorded": (STEPS, "buy_label", True),
    "before storing": (STEPS, "store_label", False),
    "label half written": ("shopbot.shop.fulfilment.label_file:os", "fsync", False),
    "label written, rows not": (STEPS, "store_label_file", True),
    "rows written, step not recorded": (STEPS, "store_label", True),
    "before sending": (STEPS, "send_mail", False),
    "mail half written": ("shopbot.shop.mail.maildir:os", "fsync", False),
    "mail delivered, not noted": (STEPS, "_note_sent", False),
    "mail noted, step not recorded": (STEPS, "send_mail", True),
}


def arrange(settings: Settings, items: Mapping[int, int], conversation: str) -> None:
    """Ask for a return and wait for its end."""
    with open_shop(settings) as fulfilment:
        fulfilment.arrange(ORDER, ADA, items, conversation)


def arrange_and_die(settings: Settings, items: Mapping[int, int], point: str) -> None:
    """Ask for a return and be killed at `point`."""
    _die_at(*POINTS[point])
    arrange(settings, items, "chat")


def arrange_and_leave(settings: Settings, items: Mapping[int, int]) -> None:
    """Ask for a return whose mail nobody takes, and end as a program does that forgets to close its shop."""
    shop = open_shop(settings, Backoff(first_s=60))
    # Held by a thread that never ends, lest the garbage collector closes it on the way out.
    threading.Thread(target=lambda _shop: threading.Event().wait(), args=(shop,), daemon=True).start()
    fulfilment = shop.__enter__()
    return_id = fulfilment.arrange(ORDER, ADA, items, "chat").return_id
    while fulfilment.status(return_id).status != "labelled":
        time.sleep(0.05)


def finish(settings: Settings, return_id: int = 1, limit_s: float = 15) -> None:
    """Open the shop, ask for nothing, and wait until the return is settled."""
    deadline = time.monotonic() + limit_s
    with open_shop(settings) as fulfilment:
        while not fulfilment.status(return_id).settled:
            if time.monotonic() > deadline:
                raise SystemExit(3)
            time.sleep(0.02)


def _die_at(place: str, name: str, after: bool) -> None:
    module, _, owner = place.partition(":")
    target: Any = importlib.import_module(module)
    if owner == "os":
        target.os = SimpleNamespace(**vars(os))  # this module's alone
    target = getattr(target, owner) if owner else target
    setattr(target, name, _dying(getattr(target, name), after))


def _dying(real: Callable[..., Any], after: bool) -> Callable[..., Any]:
    def run_and_die(*args: Any, **kwargs: Any) -> None:
        if after:
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return run_and_die
