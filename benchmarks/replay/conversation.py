"""A run, fed to the gate: each recorded call as an engine's proposal in its conversation.

What was said, observed and done before a proposal is as it was recorded, whatever the gate would have done about it, so
that every proposal is judged in the conversation in which it was made. The question that a customer answers is what the
recorded agent had asked in the message before, if that asks anything; whether the answer is a yes says the framework's
own reader, from the customer's real words.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage

from benchmarks.replay.apply import Applied, Effect, apply, effect
from benchmarks.replay.environment import Environment
from benchmarks.replay.fidelity import is_injected
from benchmarks.replay.runs import Run, ToolUse
from shopbot.agents.act import act
from shopbot.agents.config import GateConfig
from shopbot.agents.consent import asked_terms
from shopbot.agents.grounding import Calendar, ungrounded
from shopbot.agents.plan import changes_with_consequences, merge_facts
from shopbot.agents.proposal import Refusal, check_proposal, first_unconfirmed
from shopbot.agents.state import Question, TurnState
from shopbot.tools import Action, Observation
from shopbot.tools.facts import holds

_ASKS = re.compile(r"\?|confirm|proceed|let me know|\byes\b", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """What the gate says to one proposal: no `reason` when it passes. `repaired` is what was looked up first."""

    reason: str = ""
    sentence: str = ""
    repaired: tuple[str, ...] = ()
    ms: float = 0.0


@dataclass(frozen=True)
class Proposal:
    """One recorded call: what the gate said to it, what it did in the recorded run, and the words around it."""

    run: Run
    use: ToolUse
    verdict: Verdict
    effect: Effect
    asked: str
    answered: str
    listed: bool
    """Whether every detail of it had been named in words, by whomever."""


@dataclass
class Conversation:
    """One run as it goes on: messages and facts as they stand before the next proposal."""

    run: Run
    environment: Environment
    store: Any
    messages: list[AnyMessage] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> GateConfig:
        """The gate's configuration over this run's database."""
        return GateConfig(self.environment.actions, services=self.store, restated=True, now=self.environment.now)

    def say(self, speaker: str, text: str) -> None:
        """Add a message of the customer or the agent."""
        number = f"m{len(self.messages)}"
        self.messages.append(HumanMessage(text, id=number) if speaker == "customer" else AIMessage(text, id=number))

    def propose(self, use: ToolUse, *, is_repair: bool = False) -> Verdict:
        """Put a call to the gate; what it lacks and its own arguments let look up is looked up first."""
        repaired: list[str] = []
        started = time.process_time()
        verdict = self._check(use)
        spent = time.process_time() - started
        if not is_repair and verdict and verdict.reason == "not_allowed":
            repaired = self._look_up(use)
            verdict = self._check(use) if repaired else verdict
        reason, sentence = (verdict.reason, verdict.sentence) if verdict else ("", "")
        return Verdict(reason, sentence, tuple(repaired), 1000 * spent)

    def record(self, use: ToolUse) -> tuple[Applied, Effect]:
        """Let the call have the outcome that it had."""
        call = self._call(use)
        self.messages.append(AIMessage("", id=f"m{len(self.messages)}", tool_calls=[call]))
        if is_injected(use) or use.answer is None or (use.failed and self.environment.writes(use.name)):
            done, changed = Applied(None, use.answer or "no answer"), Effect()
        elif self.environment.writes(use.name):
            done, changed = effect(use, self.run, self.environment, self.store, self.facts)
        else:
            done, changed = apply(use, self.environment, self.store, self.facts), Effect()
        if done.observation is not None:
            self._establish(done.observation)
        self.messages.append(self._observed(call, use, done))
        return done, changed

    def lists(self, use: ToolUse) -> bool:
        """Whether the conversation's words name every value of the call, or what it is called."""
        action = self.environment.actions.get(use.name)
        if action is None or action.effect == "read":
            return False
        words = [m.text for m in self.messages if not isinstance(m, ToolMessage)]
        today = Calendar(today=self.environment.now().date())
        missing = ungrounded(dict(use.args), words, action.arguments, calendar=today)
        text = "\n".join(words).lower()
        return all(any(name in text for name in self.environment.called(value)) for value in missing if value)

    @property
    def asked(self) -> str:
        """The words of the agent right before the customer's newest message; empty when they ask nothing."""
        message = self._before_turn
        return message.text if message is not None and _ASKS.search(message.text) else ""

    @property
    def answered(self) -> str:
        """The customer's newest message."""
        return next((m.text for m in reversed(self.messages) if isinstance(m, HumanMessage)), "")

    @property
    def _before_turn(self) -> AIMessage | None:
        start = next((i for i in reversed(range(len(self.messages))) if isinstance(self.messages[i], HumanMessage)), 0)
        before = self.messages[start - 1] if start else None
        return before if isinstance(before, AIMessage) and not before.tool_calls else None

    def _check(self, use: ToolUse) -> Refusal | None:
        """The gate's way from a proposal to its execution; what it refuses, and None for what it lets act."""
        call = self._call(use)
        message = AIMessage("", tool_calls=[call])
        state = self._state(use)
        approved, refusals = check_proposal(message, state, wants_result=False)
        if refusals:
            return refusals[0]
        if first_unconfirmed(approved, state) is not None:
            return Refusal(call, "unconfirmed", "The customer has not said a clear yes to exactly this.")
        if approved[0].action.effect == "read":
            act(call, state)
        return None

    def _state(self, use: ToolUse) -> TurnState:
        state = TurnState({"messages": self.messages, "facts": self.facts, "awaiting": None}, self.config, "")
        action, before = self.environment.actions.get(use.name), self._before_turn
        if action is None or not action.confirm or before is None or not self.asked:
            return state
        approved = action.arguments.model_construct(**use.args).model_dump(mode="json", warnings=False)
        question = Question(
            id="asked",
            action=action.name,
            digest=asked_terms(action, approved, state) if set(action.arguments.model_fields) <= set(approved) else "",
            message=str(before.id),
            asked_at=self.environment.now().isoformat(),
        )
        return TurnState({**state.values, "question": question}, self.config, "")

    def _look_up(self, use: ToolUse) -> list[str]:
        """Do the reads that give what the call needs, where the call's own arguments say of what; their names."""
        action = self.environment.actions[use.name]
        done = []
        for need in (n for n in action.needs if not _holds(n, self.facts, use.args)):
            giver = self._giver(need, use.args)
            if giver is None:
                continue
            read = ToolUse(giver.name, {name: use.args[name] for name in giver.arguments.model_fields})
            if not self.propose(read, is_repair=True).reason:
                observation = apply(read, self.environment, self.store, self.facts).observation
                if observation is not None:
                    self._establish(observation)
                    call = self._call(read)
                    self.messages.append(AIMessage("", id=f"m{len(self.messages)}", tool_calls=[call]))
                    self.messages.append(self._observed(call, read, Applied(observation)))
                    done.append(giver.name)
        return done

    def _giver(self, need: str, args: Mapping[str, Any]) -> Action | None:
        givers = (a for a in self.environment.actions.values() if need in a.gives and a.effect == "read")
        return next(
            (a for a in givers if a.arguments.model_fields and set(a.arguments.model_fields) <= set(args)), None
        )

    def _establish(self, observation: Observation) -> None:
        changes = changes_with_consequences(self.facts, observation.facts, self.environment.actions.values())
        self.facts = merge_facts(self.facts, changes)

    def _call(self, use: ToolUse) -> ToolCall:
        return ToolCall(name=use.name, args=dict(use.args), id=f"call{len(self.messages)}", type="tool_call")

    def _observed(self, call: ToolCall, use: ToolUse, done: Applied) -> ToolMessage:
        text = use.answer if use.answer is not None else done.text
        status = "success" if done.observation is not None else "error"
        artifact = {"ok": done.observation is not None, "data": {}, "awaiting": None, "citations": [], "answer": None}
        return ToolMessage(text, tool_call_id=str(call["id"]), name=use.name, status=status, artifact=artifact)


def _holds(need: str, facts: Mapping[str, Any], args: Mapping[str, Any]) -> bool:
    try:
        return holds(need, facts, args)
    except KeyError:
        return False


def replay(run: Run, environment: Environment, *, reads: bool = True) -> list[Proposal]:
    """Every call of a run, with what the gate says to it; without `reads`, every write."""
    conversation = Conversation(run, environment, environment.fresh(run))
    proposals = []
    for said in run.messages:
        if said.text and not said.calls:
            conversation.say(said.speaker, said.text)
        for use in said.calls:
            if not reads and not environment.writes(use.name):
                conversation.record(use)
                continue
            asked, answered, listed = conversation.asked, conversation.answered, conversation.lists(use)
            verdict = conversation.propose(use)
            # What both the gate and the tool refuse changes nothing, and a refused proposal enters no history.
            refused = use.failed and environment.writes(use.name) and (verdict.reason or verdict.repaired)
            changed = Effect() if refused else conversation.record(use)[1]
            proposals.append(Proposal(run, use, verdict, changed, asked, answered, listed))
    return proposals
