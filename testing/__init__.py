"""Test an agent without a key: a script for a model, users from data, faults, and a judge of how it ended.

    script = Script({"call": "take_card", "args": {"card": "4711"}}, {"say": "Noted."})
    talk = Conversation(create_agent(script, ACTIONS))
    talk.say("My card is 4711.")
    judge(talk, Expectation(facts={"card": "4711"})).require()

With `pytest -p shopbot.testing.plugin` there are the fixtures `script` and `converse`, and the report of a test that
failed shows its conversations.
"""

from shopbot.testing.conversation import Conversation
from shopbot.testing.faults import Fault, with_faults
from shopbot.testing.judge import Expectation, Verdict, judge
from shopbot.testing.script import Script, ScriptNotFinished, ScriptRanOut
from shopbot.testing.users import Persona, SimulatedUser, load_personas, play

__all__ = [
    "Conversation",
    "Expectation",
    "Fault",
    "Persona",
    "Script",
    "ScriptNotFinished",
    "ScriptRanOut",
    "SimulatedUser",
    "Verdict",
    "judge",
    "load_personas",
    "play",
    "with_faults",
]
