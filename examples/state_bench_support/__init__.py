"""A service desk of an online shop: the eleven tools of STATE-Bench's customer support as actions with contracts.

Five of the tools preview with `confirm: false` and act with `confirm: true`. Each of them is two actions here: a read
that shows what would come of it and gives a fact about these very arguments, and a write that needs the fact.

    desk = create_desk(engine, Store(customer_id, orders, customers, products, warranties, policies, today))
"""

from examples.state_bench_support.desk import ACTIONS, create_desk
from examples.state_bench_support.store import Store

__all__ = ["ACTIONS", "Store", "create_desk"]
