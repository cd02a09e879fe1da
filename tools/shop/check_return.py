"""Check the chosen items against the order and the shop's return rules, and work out the refund."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shopbot.shop.database.views import OrderView
from shopbot.shop.offer import is_fresh, make_offer
from shopbot.shop.returns import Decision, decide, decide_remaining
from shopbot.tools.action import Call, Citation, Observation, action
from shopbot.tools.shop.orders import current_order
from shopbot.tools.shop.return_picks import Picks, find_lines
from shopbot.tools.shop.services import ShopServices


@action(needs=("order", "items"), gives=("offer",), title="check the return rules and the refund")
def check_return(call: Call[ShopServices]) -> Observation:
    """Find the chosen items in the order, check each against the return rules, and work out the refund exactly."""
    order = current_order(call)
    choice = call.facts["items"]
    picks = find_lines(choice, order, call.services.similarity)
    if picks.open is not None:
        return _which(choice, picks)
    shop = call.services.shop
    decisions = decide(order, _at_most_remaining(order, picks.wanted), shop.now(), shop.rules)
    accepted = [decision for decision in decisions if decision.refused is None]
    refused = [_refused(call, decision) for decision in decisions if decision.refused is not None]
    if not accepted:
        return _nothing_to_return(call, order, picks, refused)
    return _offer(call, order, picks, accepted, refused)


def _which(choice: dict[str, Any], picks: Picks) -> Observation:
    """Several lines fit the words: ask which, and remember for which words the answer will be."""
    place = picks.open or 0
    requests = [dict(request) for request in choice["requests"]]
    requests[place]["among"] = [line.id for line in picks.options]
    options = [line.name for line in picks.options]
    return Observation(
        f"{requests[place]['words']!r} can mean: {'; '.join(options)}. Ask which one.",
        data={"words": requests[place]["words"], "options": options},
        facts={"items": {**choice, "requests": requests, "open": place}},
        awaiting="items",
    )


def _offer(
    call: Call[ShopServices], order: OrderView, picks: Picks, accepted: list[Decision], refused: list[dict[str, Any]]
) -> Observation:
    shop, customer = call.services.shop, call.facts["customer"]
    offer = make_offer(order, accepted, customer.get("recipient", ""), shop.rules, shop.now())
    known = call.facts.get("offer") or {}
    if known.get("terms") == offer["terms"] and is_fresh(known["at"], shop.now(), _valid(call)):
        # The same again: what the customer has been asked about stays what it is.
        offer = dict(known)
    fewer = [
        {"name": d.name, "asked": asked, "quantity": d.quantity}
        for d in accepted
        if (asked := picks.wanted[d.order_item_id]) > d.quantity
    ]
    accepted_text = "; ".join(f"{line['quantity']} × {line['name']}" for line in offer["lines"])
    return Observation(
        f"Can be returned: {accepted_text}; refund {offer['refund_total']} cents. {_refused_text(refused)}".strip(),
        data={"offer": offer, "refused": refused, "unknown": picks.unknown, "fewer": fewer},
        facts={"offer": offer},
        citations=_citations(call, refused),
    )


def _valid(call: Call[ShopServices]) -> timedelta:
    return timedelta(minutes=call.services.shop.limits.offer_minutes)


def _nothing_to_return(
    call: Call[ShopServices], order: OrderView, picks: Picks, refused: list[dict[str, Any]]
) -> Observation:
    """None of it can come back: go on asking only when something else in the order could."""
    shop = call.services.shop
    others = [d.name for d in decide_remaining(order, shop.now(), shop.rules) if d.refused is None]
    facts: dict[str, Any] = {"items": None, "offer": None}
    if not others:
        facts["goals"] = [goal for goal in call.facts.get("goals") or () if goal != "arrange_return"] or None
    return Observation(
        f"Nothing of that can be returned. {_refused_text(refused)} Unknown: {picks.unknown or 'none'}.",
        data={"offer": None, "refused": refused, "unknown": picks.unknown, "fewer": [], "others": others},
        facts=facts,
        citations=_citations(call, refused),
        awaiting="items" if others else None,
    )


def _at_most_remaining(order: OrderView, wanted: dict[int, int]) -> dict[int, int]:
    """No more of a line than is left of it; the customer is told when that is less than they asked for."""
    remaining = {line.id: max(line.remaining, 1) for line in order.items}
    return {line: min(quantity, remaining[line]) for line, quantity in wanted.items()}


def _refused(call: Call[ShopServices], decision: Decision) -> dict[str, Any]:
    """A refusal with the key of the passage behind it, when the shop's documents have that passage."""
    refusal = decision.refused
    if refusal is None:
        raise ValueError(f"{decision.name} is not refused")
    passage = call.services.policies.passage(refusal.policy_key) if refusal.policy_key else None
    return {
        "name": decision.name,
        "rule": refusal.rule,
        "until": refusal.returnable_until.isoformat() if refusal.returnable_until else None,
        "status": refusal.order_status,
        "key": passage.key if passage else None,
    }


def _refused_text(refused: list[dict[str, Any]]) -> str:
    return " ".join(
        f"{r['name']} cannot be returned: {r['rule']}{' [' + r['key'] + ']' if r['key'] else ''}." for r in refused
    )


def _citations(call: Call[ShopServices], refused: list[dict[str, Any]]) -> list[Citation]:
    """The passage of the policies behind each refusal."""
    keys = dict.fromkeys(r["key"] for r in refused if r["key"])
    passages = [call.services.policies.passage(key) for key in keys]
    return [Citation(p.key, p.source, p.text) for p in passages if p is not None]
