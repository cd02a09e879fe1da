"""`query_orders`: one SELECT that the engine writes, over the verified customer's own rows and nothing else."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from shopbot.shop.database.select import QueryRefused, run_select
from shopbot.tools.action import Call, Observation, Source, action
from shopbot.tools.shop.orders import check_on_record
from shopbot.tools.shop.services import ShopServices


@action(needs=("customer",), goal=True, title="look through the customer's orders")
def query_orders(call: Call[ShopServices], sql: Annotated[str, Field(max_length=2000), Source.ENGINE]) -> Observation:
    """Answer a question about the customer's orders with one SELECT; it sees only this customer's rows.

    Tables: orders(order_number, status, ordered_at, shipped_at, delivered_at, expected_at, carrier, tracking_code),
    order_items(id, order_number, sku, name, quantity, unit_price, final_sale), returns(id, order_number, status,
    refund_total, created_at), return_items(return_id, order_item_id, quantity, refund), labels(return_id,
    tracking_code, carrier). Money is in cents, times are UTC.
    """
    with Session(call.services.shop.database) as session:
        check_on_record(session, call.facts["customer"])
    try:
        found = run_select(call.services.shop.reader, sql, call.facts["customer"]["id"])
    except QueryRefused as refusal:
        return Observation(f"Query refused: {refusal}", data={"error": str(refusal)}, ok=False)
    rows = [[str(value) if value is not None else None for value in row] for row in found.rows]
    shown = "\n".join(" | ".join(value or "" for value in row) for row in rows)
    return Observation(
        f"{' | '.join(found.columns)}\n{shown}" + ("\n… more rows" if found.truncated else ""),
        data={"columns": list(found.columns), "rows": rows, "truncated": found.truncated},
    )
