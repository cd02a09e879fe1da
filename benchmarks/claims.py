"""How well a reply that says that something was done is told from one that says so falsely: recorded service agents.

Each reply after a write that went through is read five times: in the conversation as it was (its claims are true), as
if no write had been done, as if those of its turn had not been, as if they had been done to things of other numbers,
and as if another action had written, as it did in another conversation. Every other reply is read as it was. A
falsehood counts as told apart when any claim of the reply is refused; a reply after a write that claims nothing counts
as missed.

    python -m benchmarks.claims [development | held-back]

The splits are by task. The word lists were written with the development split in view, and with no other.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.external_sets import FOLDER
from benchmarks.replay.runs import Said, ToolUse, read_lines, read_tau
from shopbot.agents.claims import claims_in
from shopbot.agents.support import Deed, unsupported

WRITES = {
    "retail": ("modify_", "cancel_", "return_", "exchange_", "transfer_"),
    "airline": ("update_", "cancel_", "book_", "send_", "transfer_"),
    "state_bench": ("process_", "cancel_"),
}
PREVIEW = '"status": "preview"'
"""What a call of state_bench answers that changes nothing."""
KINDS = ("as it was", "no write done", "none done in its turn", "done to another", "another write done")


@dataclass(frozen=True)
class Talk:
    """One recorded conversation and the names of the tools that it had."""

    messages: tuple[Said, ...]
    names: frozenset[str]
    writes: frozenset[str]


def talks(folder: Path, *, held_back: bool) -> Iterator[Talk]:
    """The conversations of a split."""
    for domain in ("retail", "airline"):
        file = folder / "tau" / f"{domain}_runs.jsonl.gz"
        listed = json.loads((folder / "tau" / f"{domain}_tools.json").read_text())
        names = frozenset(tool.get("function", tool)["name"] for tool in listed)
        for row, run in zip(read_lines(file), read_tau(file), strict=True):
            if _is_held_back(f"{domain}{row['task']}") == held_back:
                yield Talk(run.messages, names, _writes(domain, names))
    rows = list(read_lines(folder / "state_bench" / "customer_support_runs.jsonl.gz"))
    spoken = {row["id"]: tuple(_messages(row["conversation"])) for row in rows}
    names = frozenset(call.name for messages in spoken.values() for message in messages for call in message.calls)
    for key, messages in spoken.items():
        if _is_held_back(f"state{key}") == held_back:
            yield Talk(messages, names, _writes("state_bench", names))


def _writes(domain: str, names: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in names if name.startswith(WRITES[domain]))


def _is_held_back(key: str) -> bool:
    return hashlib.sha256(key.encode()).digest()[0] % 2 == 1


def _messages(rows: Sequence[dict[str, object]]) -> Iterator[Said]:
    """The messages of a conversation of state_bench, whose calls stand beside the words that follow them."""
    for row in rows:
        if row["role"] == "user":
            yield Said("customer", str(row["content"]))
        elif row["role"] == "assistant":
            calls: list[dict[str, object]] = row.get("tool_calls") or []  # type: ignore[assignment]
            used = tuple(ToolUse(str(c["name"]), dict(c["arguments"]), _answer(c["result"])) for c in calls)  # type: ignore[call-overload]
            yield Said("agent", "", used)
            yield Said("agent", str(row.get("content") or ""))


def _answer(result: object) -> str:
    is_error = isinstance(result, dict) and "error" in result
    return ("error: " if is_error else "") + json.dumps(result)


def count(found: Iterator[Talk]) -> tuple[Counter[str], Counter[str], list[str]]:
    """How many replies of each kind there are, how many are refused, and what of those that are true is."""
    asked: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    alarms: list[str] = []
    all_talks = [*found]
    for talk in all_talks:
        for kind, text, deeds in _readings(talk, _others(talk, all_talks)):
            claims = unsupported(claims_in(text), talk.names, talk.writes, deeds)
            asked[kind] += 1
            refused[kind] += bool(claims)
            if kind in (KINDS[0], "other replies"):
                alarms += [f"{kind}: {claim.text}" for claim in claims]
    return asked, refused, alarms


def _others(talk: Talk, all_talks: Sequence[Talk]) -> list[Deed]:
    """One deed of each action of its domain that writes, out of other conversations."""
    others = (other for other in all_talks if other is not talk and other.writes == talk.writes)
    calls = (call for other in others for message in other.messages for call in message.calls if not call.failed)
    return [*{deed.action: deed for deed in map(_deed, calls) if deed.action in talk.writes}.values()]


def _readings(talk: Talk, others: Sequence[Deed]) -> Iterator[tuple[str, str, Sequence[Deed]]]:
    deeds: list[Deed] = []
    before: list[Deed] = []
    for message in talk.messages:
        if message.speaker == "customer":
            before = list(deeds)
            continue
        deeds += [_deed(call) for call in message.calls if not call.failed]
        if not message.text or message.calls:
            continue
        if not any(deed.action in talk.writes for deed in deeds[len(before) :]):
            yield "other replies", message.text, deeds
            continue
        first = next(place for place, deed in enumerate(deeds) if deed.action in talk.writes)
        yield KINDS[0], message.text, deeds
        yield KINDS[1], message.text, deeds[:first]
        if first < len(before):
            yield KINDS[2], message.text, before
        if any(re.search(r"\w*\d\w{3,}", claim.text) for claim in claims_in(message.text)):
            yield KINDS[3], message.text, [_elsewhere(deed) if deed.action in talk.writes else deed for deed in deeds]
        done = {deed.action for deed in deeds}
        for other in (other for other in others if other.action not in done):
            yield KINDS[4], message.text, [*deeds[:first], other]


def _deed(call: ToolUse) -> Deed:
    answer = call.answer or ""
    return Deed("preview" if PREVIEW in answer else call.name, json.dumps(call.args), answer)


def _elsewhere(deed: Deed) -> Deed:
    """The same, done to things of other numbers."""
    args, observed = (re.sub(r"\d", lambda d: str((int(d[0]) + 3) % 10), text) for text in (deed.args, deed.observed))
    return replace(deed, args=args, observed=observed)


def main(split: str) -> None:
    """Print the table of a split, and each refusal of a reply that stands as it was."""
    asked, refused, alarms = count(talks(FOLDER, held_back=split == "held-back"))
    print(f"| {split} | replies | refused |\n|---|---|---|")
    for kind in (*KINDS, "other replies"):
        print(f"| {kind} | {asked[kind]} | {refused[kind]} ({refused[kind] / max(asked[kind], 1):.1%}) |")
    print(*alarms, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "development")
