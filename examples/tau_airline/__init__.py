"""Service of an airline: the fourteen tools of tau-bench's airline domain as actions with contracts.

agent = create_desk(engine, open_store(Path("airline_db.json.gz")))
"""

from examples.tau_airline.agent import ACTIONS, create_desk
from examples.tau_airline.store import Store, open_store

__all__ = ["ACTIONS", "Store", "create_desk", "open_store"]
