"""What a customer reads when the shop itself fails: a sentence without names of files or servers; the log has those."""

from __future__ import annotations

import logging
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from shopbot.engines.recording.redaction import redact, told
from shopbot.prompts import load_data
from shopbot.shop.personal import personal_values
from shopbot.tools.action import UNKNOWN, Action, ActionError, Call, Observation
from shopbot.tools.shop.services import ShopServices

logger = logging.getLogger(__name__)


def fit_for_customers(action: Action) -> Action:
    """The same action, of whose failures only the words that are meant for a customer reach one."""

    def run(call: Call[ShopServices], **arguments: Any) -> Any:
        try:
            return action.run(call, **arguments)
        except ActionError:
            raise
        except Exception as error:
            _write_down(action.name, call, error)
            sentence = str(load_data("shopbot/troubles.yaml")["out_of_order"])
            # A write may have been done before it failed.
            return Observation(sentence, data={"error": sentence, UNKNOWN: action.effect == "write"}, ok=False)

    return replace(action, run=run)


def _write_down(name: str, call: Call[ShopServices], error: Exception) -> None:
    customer = call.facts.get("customer") or {}
    known = personal_values(call.services.shop.database, customer["id"]) if "id" in customer else set()
    known |= {value for value in (call.facts.get("email"), call.facts.get("order_number")) if value}
    places = traceback.extract_tb(error.__traceback__)[-3:]
    at = ", ".join(f"{Path(place.filename).name}:{place.lineno}" for place in places)
    logger.error("action %s failed: %s (%s)", name, redact(told(error), known), at)
