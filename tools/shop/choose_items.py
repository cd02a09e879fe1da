"""Note which items the customer wants to send back, in their own words; `check_return` finds them in the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from shopbot.tools.action import Call, Observation, Source, action
from shopbot.tools.shop.item_matching import is_further, is_pronoun, names_something, same_item


class ItemWords(BaseModel):
    """One item as the customer put it."""

    model_config = ConfigDict(extra="forbid")

    words: Annotated[str, Field(max_length=200, description="the customer's words for the item")]
    quantity: Annotated[int | None, Field(ge=1, le=999, description="pieces, when the customer said how many")] = None
    leave_out: Annotated[bool, Field(description="the customer wants to keep this one")] = False
    every: Annotated[bool, Field(description="the customer said all of these, whatever lines they are")] = False


@action(gives=("items",), awaiting="items", title="ask which items")
def choose_items(
    call: Call[Any],
    items: Annotated[list[ItemWords], Field(max_length=50), Source.USER] = [],  # noqa: B006 -- pydantic copies it
    everything: Annotated[bool, Source.ENGINE] = False,
    add: Annotated[bool, Source.ENGINE] = False,
) -> Observation:
    """Note what the customer wants to return: named items, or everything in the order.

    A new choice replaces the earlier one; set add when the customer adds to it, leave_out on what they keep after all.
    """
    if not items and not everything:
        return Observation("No item was named: ask which ones.", awaiting="items", ok=False)
    chosen = call.facts.get("items") or {"everything": False, "requests": [], "open": None}
    said = [_as_kept(dict(item)) for item in items]
    requests = _naming(said)
    if not any(is_further(request["words"]) for request in said):
        offered = (call.facts.get("offer") or {}).get("lines") or []
        requests = [_counted(request, chosen, offered) for request in requests]
    after = _choose(chosen, requests, everything, add)
    return Observation("Noted. check_return finds the items in the order.", facts={"items": after})


def _as_kept(request: dict[str, Any]) -> dict[str, Any]:
    """As the fact `items` keeps it: `every` stands in it only when it was said."""
    return {key: value for key, value in request.items() if key != "every" or value}


def _naming(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The requests that name something; those that only point ("the other") when no other does."""
    return [request for request in requests if names_something(request["words"])] or requests


def _counted(request: dict[str, Any], chosen: dict[str, Any], offered: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """ "Yes, the t-shirt": an item named again without a quantity keeps the one on offer, else the one said before."""
    if request["quantity"] or request["leave_out"] or request.get("every"):
        return request
    before = [(line["name"], line["quantity"]) for line in offered]
    before += [(earlier["words"], earlier["quantity"]) for earlier in reversed(chosen["requests"])]
    quantity = next((quantity for words, quantity in before if same_item(request["words"], words)), None)
    return {**request, "quantity": quantity}


def _choose(chosen: dict[str, Any], requests: list[dict[str, Any]], everything: bool, add: bool) -> dict[str, Any]:
    """The choice after the customer's newest words."""
    if everything and chosen["open"] is not None:
        every = {**chosen["requests"][chosen["open"]], "every": True}
        return _in_place_of_open(chosen, [every])
    if everything:
        return {"everything": True, "requests": requests, "open": None}
    if chosen["open"] is not None and not add:
        return _answer_open(chosen, requests)
    if all(is_pronoun(request["words"]) for request in requests) and _is_about(chosen, requests):
        return _about_the_same(chosen, requests)
    if add or all(request["leave_out"] for request in requests):
        return {**chosen, "requests": [*chosen["requests"], *requests], "open": None}
    return {"everything": False, "requests": requests, "open": None}


def _answer_open(chosen: dict[str, Any], requests: list[dict[str, Any]]) -> dict[str, Any]:
    """Put the customer's answer in the place of the words that could mean several lines."""
    asked = chosen["requests"][chosen["open"]]
    answers = [
        {**request, "among": asked.get("among"), "quantity": request["quantity"] or asked["quantity"]}
        for request in requests
    ]
    return _in_place_of_open(chosen, answers)


def _in_place_of_open(chosen: dict[str, Any], answers: list[dict[str, Any]]) -> dict[str, Any]:
    place = chosen["open"]
    before, after = chosen["requests"][:place], chosen["requests"][place + 1 :]
    return {**chosen, "requests": [*before, *answers, *after], "open": None}


def _is_about(chosen: dict[str, Any], requests: list[dict[str, Any]]) -> bool:
    """Whether there is something the words can point at; "only one" of everything has to be asked about."""
    quantity = any(request["quantity"] for request in requests)
    return bool(chosen["requests"]) or (chosen["everything"] and not quantity)


def _about_the_same(chosen: dict[str, Any], requests: list[dict[str, Any]]) -> dict[str, Any]:
    """ "Only one of them": what was chosen before, with the new quantity."""
    quantity = next((request["quantity"] for request in requests if request["quantity"]), None)
    if quantity is None or not chosen["requests"]:
        return chosen
    changed = [{**request, "quantity": quantity} for request in chosen["requests"]]
    return {**chosen, "requests": changed, "open": None}
