"""A first agent: it asks for a library card and says what its holder has borrowed.

    python -m examples.first_agent

Its engine is a script, so that it needs no key; `shopbot.engines.make_engine("openai:MODEL")` takes the script's place.
"""

from typing import Annotated

from shopbot import create_agent
from shopbot.engines import ScriptedEngine
from shopbot.tools import Call, Observation, Source, action

Loans = dict[str, list[str]]


@action(gives=("card",), awaiting="card")
def take_card(call: Call[Loans], card: Annotated[str, Source.USER]) -> Observation:
    """Note the number of the library card."""
    return Observation("Noted.", facts={"card": card})


@action(needs=("card",), gives=("loans",), goal=True)
def list_loans(call: Call[Loans]) -> Observation:
    """List what the holder of the card has borrowed."""
    loans = call.services.get(call.facts["card"], [])
    return Observation(", ".join(loans) or "nothing", facts={"loans": loans})


invented, heard = ({"call": "take_card", "args": {"card": card}} for card in ("1234", "4711"))
engine = ScriptedEngine([invented, heard, {"call": "list_loans"}, {"say": "You have borrowed Middlemarch."}])
agent = create_agent(engine, [take_card, list_loans], "You are a librarian.", services={"4711": ["Middlemarch"]})

if __name__ == "__main__":
    state = agent.invoke({"messages": [("user", "What have I borrowed? My card is 4711.")]})
    print("The engine was told:", engine.heard[1][-1].text)
    print("Facts:", state["facts"])
    print("Agent:", state["messages"][-1].text)
