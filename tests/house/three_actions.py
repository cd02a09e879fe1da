"""A stranger's first agent: three actions and a script in place of a model."""

from shopbot import create_agent
from shopbot.engines import ScriptedEngine
from shopbot.tools.action import Call, Observation, action


@action()
def list_rooms(call: Call[None]) -> Observation:
    """List the meeting rooms."""
    return Observation("There are the rooms 1 to 4.")


@action(gives=("room",))
def find_room(call: Call[None], seats: int) -> Observation:
    """Find a free room."""
    return Observation(f"Room 4 has {seats} seats.", facts={"room": 4})


@action(needs=("room",), gives=("booking",), effect="write")
def book_room(call: Call[None]) -> Observation:
    """Book the room that was found."""
    return Observation("It is booked.", facts={"booking": 1})


steps = [{"call": "list_rooms"}, {"call": "find_room", "args": {"seats": 6}}, {"call": "book_room"}, {"say": "Room 4."}]
agent = create_agent(ScriptedEngine(steps), [list_rooms, find_room, book_room])
state = agent.invoke({"messages": [("user", "A room with 6 seats, please.")]})
print(state["messages"][-1].text, sorted(state["facts"].items()))
