"""Warranty claims: what the warranty of an item gives for a defect, and the claim."""

from __future__ import annotations

import json
from typing import Annotated, Any

from examples.records import Record
from examples.state_bench_support.look_up import get_warranty_status
from examples.state_bench_support.rules import is_active, said
from examples.state_bench_support.store import Store
from shopbot.tools import ActionError, Call, Observation, Source, action

USERS_OWN = r"\b(spill\w*|dropped|liquid|water damage\w*|got wet|knocked|sat on|stepped on)\b"
"""How people say that the damage was their own: not covered."""
CHEAP, REPAIR = 100, 0.4
RECURRING = 2
"""Claims after which a replacement is automatic."""


def is_covered(call: Call[Store]) -> str | None:
    """Liquid, accidents and misuse void the claim."""
    return "Damage by liquid, a fall or misuse is not covered: deny the claim." if said(call, USERS_OWN) else None


def is_its_warranty(call: Call[Store], warranty_id: str, item_id: str) -> str | None:
    """The warranty is the item's."""
    warranty = call.services.warranties.get(item_id)
    return None if warranty and warranty["warranty_id"] == warranty_id else f"{warranty_id} is not of {item_id}."


RULES = (is_its_warranty, is_active, is_covered)
Issue = Annotated[str, Source.ENGINE]


@action(needs=("warranty:{item_id}",), gives=("claim:{item_id}",), rules=RULES, title="show what a claim gives")
def preview_warranty_claim(call: Call[Store], warranty_id: str, item_id: str, issue_description: Issue) -> Observation:
    """Show what the warranty would give for the defect."""
    given = _given(call.services, item_id)
    shown = {"status": "preview", "warranty_id": warranty_id, "item_id": item_id, **given}
    return Observation(json.dumps(shown), facts={f"claim:{item_id}": given["resolution"]} if given["eligible"] else {})


@action(needs=("warranty:{item_id}", "claim:{item_id}"), effect="write", goal=True, rules=RULES)
def process_warranty_claim(call: Call[Store], warranty_id: str, item_id: str, issue_description: Issue) -> Observation:
    """File the claim."""
    store = call.services
    given, warranty = _given(store, item_id), store.warranties[item_id]
    if not given["eligible"]:
        raise ActionError(given["reason"])
    _, item = store.item(item_id)
    warranty["claim_count"] += 1
    item["replacement_item_id"] = new = store.replace(item, item["product"])
    done = {"status": "claimed", "warranty_id": warranty_id, "item_id": item_id, "resolution": given["resolution"]}
    more = {"cost": given["cost"], "replacement_item_id": new, "claim_count": warranty["claim_count"]}
    return Observation(json.dumps({**done, **more}))


def _given(store: Store, item_id: str) -> dict[str, Any]:
    """What the warranty gives today."""
    warranty, (_, item) = store.warranties[item_id], store.item(item_id)
    count, most = warranty["claim_count"], warranty["max_claims"]
    past = json.loads(get_warranty_status.run(Call(store, {}, "", ""), item_id=item_id).text)["days_past_expiry"]
    if count >= most:
        return _answer("paid_repair", f"Maximum claims ({most}) reached — paid repair only", item, eligible=False)
    if past:
        why = f"Warranty expired {past} days ago — paid repair or discounted replacement"
        return _answer("paid_repair_or_discounted_replacement", why, item)
    if count >= RECURRING:
        return _answer("full_replacement", f"Recurring defect ({count} prior claims) — automatic replacement", item)
    kind = "replacement" if item["unit_price"] < CHEAP else "repair"
    return _answer(kind, f"Active warranty — {kind}", item)


def _answer(resolution: str, reason: str, item: Record, *, eligible: bool = True) -> dict[str, Any]:
    cost = 0 if eligible else int(item["unit_price"] * REPAIR)
    return {"eligible": eligible, "resolution": resolution, "cost": cost, "reason": reason}
