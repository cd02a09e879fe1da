"""An offer: the terms on which units come back, as plain JSON that a conversation keeps and the customer agrees to.

    order_number, status            of the order
    lines                           id, name, quantity, unit_price, refund, before (units that came back earlier),
                                    final_sale, until (the last day for it)
    refund_total                    cents
    recipient                       a seal of the address the label goes to
    rules                           a digest of the return rules
    terms                           a digest of all of the above
    at                              when it was made, ISO 8601 in UTC

The same order, rules and address give the same terms at any time; whatever differs when the return is written has to
be put to the customer again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shopbot.shop.database.views import LineView, OrderView
from shopbot.shop.returns import Decision, refund_total
from shopbot.shop.rules import ReturnRules
from shopbot.shop.sealing import letters

Offer = Mapping[str, Any]
_CHANGES = {
    "status": "status",
    "recipient": "address",
    "rules": "rules",
    "unit_price": "price",
    "refund": "price",
    "final_sale": "rules",
    "until": "rules",
}


@dataclass(frozen=True)
class Agreement:
    """The offer that the customer agreed to at `now`, the rules that hold at that moment, and how old it may be."""

    offer: Offer
    rules: ReturnRules
    now: datetime
    valid: timedelta


def make_offer(
    order: OrderView, accepted: Sequence[Decision], recipient: str, rules: ReturnRules, now: datetime
) -> dict[str, Any]:
    """The terms for the accepted decisions about lines of `order`."""
    sold = {line.id: line for line in order.items}
    terms = {
        "order_number": order.order_number,
        "status": order.status,
        "lines": [_line(decision, sold[decision.order_item_id]) for decision in accepted],
        "refund_total": refund_total(accepted),
        "recipient": recipient,
        "rules": _digest(rules.model_dump(mode="json")),
    }
    return {**terms, "terms": _digest(terms), "at": now.astimezone(UTC).isoformat()}


def is_fresh(at: str | None, now: datetime, valid: timedelta) -> bool:
    """Whether what was established `at` (ISO 8601) still holds; what lies in the future does not."""
    return at is not None and now - valid <= datetime.fromisoformat(at) <= now + timedelta(minutes=1)


def what_changed(agreed: Offer, today: Offer) -> tuple[str, ...]:
    """In what two offers differ: "items", "price", "rules", "status" or "address"; nothing for the same terms."""
    if agreed.get("terms") == today["terms"]:
        return ()
    pairs = [(agreed, today), *_lines_of_both(agreed, today)]
    found = [_CHANGES[name] for old, new in pairs for name in _CHANGES if old.get(name) != new.get(name)]
    return tuple(dict.fromkeys(found)) or ("items",)


def _lines_of_both(agreed: Offer, today: Offer) -> list[tuple[Offer, Offer]]:
    new = {line["id"]: line for line in today["lines"]}
    return [(line, new[line["id"]]) for line in agreed["lines"] if line["id"] in new]


def _line(decision: Decision, line: LineView) -> dict[str, Any]:
    return {
        "id": line.id,
        "name": line.name,
        "quantity": decision.quantity,
        "unit_price": line.unit_price,
        "refund": decision.refund_cents,
        "before": line.returned,
        "final_sale": line.final_sale,
        "until": decision.returnable_until.isoformat() if decision.returnable_until else None,
    }


def _digest(value: Any) -> str:
    # Sets become lists in no order, so everything is sorted.
    canonical = json.dumps(_sorted(value), sort_keys=True, ensure_ascii=False)
    return letters(hashlib.sha256(canonical.encode()).hexdigest())


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(part) for key, part in value.items()}
    return sorted((_sorted(part) for part in value), key=str) if isinstance(value, list) else value
