"""Recorded runs of STATE-Bench's customer support, and the records that they began with.

The benchmark's databases are not published with its runs. What a run began with is put together from what its tools
answered: each order, product and warranty as it was first seen, each customer as any run saw them. The date was blacked
out; it is what a warranty's remaining days say, else the days since a delivery that an answer counts, else the newest
date of the run's records. A tool that previews or acts by its argument `confirm` is two actions (`PREVIEWS`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.replay.runs import Run, Said, ToolUse, read_lines

Record = dict[str, Any]
_CUSTOMER = re.compile(r"helping customer (\w+)")
_SINCE = re.compile(r"\((\d+) days since delivery\)")


def read_state_bench(file: Path) -> list[Run]:
    """The runs of a file, each with the records that it began with."""
    rows = list(read_lines(file))
    customers: dict[str, Record] = {}
    for call in (call for row in rows for call in _calls(row)):
        if call["name"] == "get_customer" and "customer_id" in call["result"]:
            customers.setdefault(call["result"]["customer_id"], call["result"])
    return [_run(row, customers) for row in rows]


def _run(row: Record, customers: Mapping[str, Record]) -> Run:
    calls = list(_calls(row))
    start = {"customers": dict(customers), "customer_id": _customer(row), **_records(calls)}
    start["today"] = _today(calls, start["orders"])
    ids = frozenset((*start["orders"], *start["warranties"]))
    return Run(str(row["id"]), str(row.get("model", "unknown")), tuple(_said(row)), spoken=ids, start=start)


def _calls(row: Record) -> Iterator[Record]:
    return (call for message in row["conversation"] for call in message.get("tool_calls") or ())


def _customer(row: Record) -> str:
    found = (_CUSTOMER.search(message["content"]) for message in row["conversation"] if message["role"] == "system")
    return next((match[1] for match in found if match), "")


def _records(calls: Sequence[Record]) -> Record:
    """Orders, products and warranties, each as it was first seen."""
    found: dict[str, dict[str, Record]] = {"orders": {}, "products": {}, "warranties": {}}
    for call in calls:
        result = call["result"]
        if call["name"] == "get_order" and "items" in result:
            found["orders"].setdefault(result["order_id"], result)
            for item in result["items"]:
                found["products"].setdefault(item["product_id"], {}).update(item["product"])
        elif call["name"] == "get_warranty_status" and result.get("has_warranty"):
            counted = ("is_active", "days_until_expiry", "days_past_expiry", "has_warranty")
            kept = {name: value for name, value in result.items() if name not in counted}
            found["warranties"].setdefault(result["item_id"], kept)
        elif call["name"] in ("get_product_details", "search_products"):
            for product in result.get("results", [result]):
                if "product_id" in product:
                    known = {name: value for name, value in product.items() if name != "matched_field"}
                    found["products"].setdefault(product["product_id"], {}).update(known)
        elif "price_difference" in result:
            items = (item for order in found["orders"].values() for item in order["items"])
            paid = next(item["unit_price"] for item in items if item["item_id"] == result["item_id"])
            product = found["products"].setdefault(result["new_product_id"], {})
            product.setdefault("price", paid + result["price_difference"])
    return dict(found)


def _today(calls: Sequence[Record], orders: Mapping[str, Record]) -> date:
    for call in calls:
        result = call["result"]
        if result.get("days_until_expiry") or result.get("days_past_expiry"):
            left = result["days_until_expiry"] - result["days_past_expiry"]
            return _day(result["end_date"]) - timedelta(left)
        counted = _SINCE.search(str(result.get("reason")))
        delivered = [_day(order["delivery_date"]) for order in orders.values() if order["delivery_date"]]
        if counted and delivered:
            return delivered[0] + timedelta(int(counted[1]))
    seen = [order[name] for order in orders.values() for name in ("order_date", "delivery_date") if order[name]]
    return max(map(_day, seen), default=date(1970, 1, 1))


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])


def _said(row: Record) -> Iterator[Said]:
    for message in row["conversation"]:
        if message["role"] == "user":
            yield Said("customer", message["content"] or "")
        elif message["role"] == "assistant":
            uses = tuple(map(_use, message.get("tool_calls") or ()))
            if uses:
                yield Said("agent", "", uses)
            yield Said("agent", message["content"] or "")


def _use(call: Record) -> ToolUse:
    from examples.state_bench_support.desk import PREVIEWS

    args, result = dict(call["arguments"]), call["result"]
    preview = PREVIEWS.get(call["name"]) if not args.pop("confirm", True) else None
    name = preview.name if preview else call["name"]
    if preview:
        args = {key: value for key, value in args.items() if key in preview.arguments.model_fields}
    fault = result.get("error") or (result.get("reason") if result.get("status") == "rejected" else None)
    return ToolUse(name, args, f"Error: {fault}" if fault else json.dumps(result))
