"""Simulated users from data: what they want, know and are like; they answer what the agent asks for, and leave.

    ann:
      opens: I would like a check-up.
      answers: {name: "My name is {name}.", slot: "{slot} would be fine", confirmation: "yes"}
      knows: {name: Ann Lee, slot: Monday at ten}
      mistakes: {name: Ann Li}          # said first, and put right when the agent asks again
      mood: hurried
      patience: 3                       # how often they answer the same question before they leave
      expects: {facts: {visit: V-1}, done: {book: 1}}

They decide by the state of the conversation (`awaiting`), never by the agent's words, so that wording may change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shopbot.errors import AgentError, first_line
from shopbot.testing.conversation import Conversation
from shopbot.testing.judge import Expectation

_MOODS = Path(__file__).with_name("moods.yaml")


class PersonaError(AgentError):
    """A file of simulated users that cannot be used; the message names the place."""


class Persona(BaseModel):
    """One simulated user. Several answers to the same question are given in turn, the last one from then on."""

    model_config = ConfigDict(extra="forbid")

    opens: str
    answers: dict[str, str | list[str]] = {}
    knows: dict[str, str] = {}
    mistakes: dict[str, str] = {}
    mood: str = "calm"
    patience: int = 3
    expects: Expectation = Expectation()


def load_personas(file: str | Path) -> dict[str, Persona]:
    """The simulated users in a YAML file, by name.

    Raises:
        PersonaError: the file cannot be read, or a user in it.
    """
    try:
        return TypeAdapter(dict[str, Persona]).validate_python(yaml.safe_load(Path(file).read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise PersonaError(f"The users {str(file)!r} cannot be read: {first_line(error)}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise PersonaError(f"In {file} {where} is {first['input']!r}: {first['msg']}.") from None


class SimulatedUser:
    """A persona in one conversation."""

    def __init__(self, persona: Persona, moods: Mapping[str, str] | None = None) -> None:
        moods = moods or yaml.safe_load(_MOODS.read_text(encoding="utf-8"))
        if persona.mood not in moods:
            raise PersonaError(f"There is no mood {persona.mood!r}: there are {', '.join(moods)}.")
        self.persona = persona
        self._manner = moods[persona.mood]
        self._asked: Counter[str] = Counter()

    def open(self) -> str:
        """The first message."""
        return self._in_mood(self._filled(self.persona.opens))

    def answer(self, state: Mapping[str, Any]) -> str | None:
        """The next message; None when the user leaves: nothing is asked, nothing can be said, or patience is at an
        end."""
        asked = state.get("awaiting")
        if asked is None or asked not in self.persona.answers:
            return None
        self._asked[asked] += 1
        if self._asked[asked] > self.persona.patience:
            return None
        answers = self.persona.answers[asked]
        listed = answers if isinstance(answers, list) else [answers]
        words = self._filled(listed[min(self._asked[asked], len(listed)) - 1])
        # A yes or no says nothing else, or it is none.
        return words if asked == "confirmation" else self._in_mood(words)

    def _filled(self, words: str) -> str:
        known = {
            name: self.persona.mistakes.get(name, value) if self._asked[name] <= 1 else value
            for name, value in self.persona.knows.items()
        }
        try:
            return words.format(**known)
        except KeyError as error:
            raise PersonaError(f"{words!r} says {{{error.args[0]}}}, which the user does not know: add it.") from None

    def _in_mood(self, words: str) -> str:
        return self._manner.format(words=words, words_in_capitals=words.upper())


def play(agent: Any, user: SimulatedUser | Persona, *, turns: int = 20) -> Conversation:
    """The conversation of `user` with `agent`, until the user leaves or has said so many things."""
    user = SimulatedUser(user) if isinstance(user, Persona) else user
    talk = Conversation(agent)
    words: str | None = user.open()
    for _ in range(turns):
        if words is None:
            break
        words = user.answer(talk.say(words))
    return talk
