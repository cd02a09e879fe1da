"""Customer service of a retail shop: the sixteen tools of tau-bench's retail domain as actions with contracts.

agent = create_clerk(engine, open_store(Path("retail_db.json.gz")))
"""

from examples.tau_retail.clerk import ACTIONS, create_clerk
from examples.tau_retail.store import Store, open_store

__all__ = ["ACTIONS", "Store", "create_clerk", "open_store"]
