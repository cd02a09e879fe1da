"""Answers to a confirmation question: what is no consent and is read as one, and which clear answers are understood.

    .venv/bin/python -m benchmarks.consent

Prints Markdown. Each sentence is read by itself and, since an answer may repeat what was asked, once more as the answer
to a question that has its words in it.

The sentences that are no consent are composed out of the agreeing words of the grammar in use
(`tests/agents/consent_cases.py`), all of them; the clear answers are those in customers' words beside it. Ends with
status 1 when a sentence that is no consent is read as a yes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from shopbot.prompts.consent import Answer, read_answer
from tests.agents.consent_cases import ASKED, clear_answers, distinct_cases


def main() -> int:
    counted: dict[str, Counter[Answer]] = defaultdict(Counter)
    answering: dict[str, Counter[Answer]] = defaultdict(Counter)
    for case in distinct_cases():
        counted[case.kind][read_answer(case.text)] += 1
        answering[case.kind][read_answer(case.text, asked=ASKED)] += 1
    print(_table("No consent, by what keeps it from being one", counted), "\n", sep="")
    print(_table("The same as answers to a question that has their words", answering), "\n", sep="")
    print(_table("Clear answers in customers' words", _clear()))
    return 1 if any(each[Answer.YES] for table in (counted, answering) for each in table.values()) else 0


def _clear() -> dict[str, Counter[Answer]]:
    halves = ((answer, half) for answer in ("yeses", "noes") for half in ("developing", "held_back"))
    return {f"{answer}, {half.replace('_', ' ')}": _read(clear_answers(answer, half)) for answer, half in halves}


def _read(messages: Iterable[str]) -> Counter[Answer]:
    return Counter(map(read_answer, messages))


def _table(title: str, counted: dict[str, Counter[Answer]]) -> str:
    """Rows of sentences and of how many of them were read as yes, no and neither."""
    lines = [f"| {title} | sentences | yes | no | neither |", "|---|---:|---:|---:|---:|"]
    for name, found in {**counted, "all": sum(counted.values(), Counter())}.items():
        read = " | ".join(f"{found[answer]:,}" for answer in (Answer.YES, Answer.NO, Answer.UNCLEAR))
        lines.append(f"| {name} | {found.total():,} | {read} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
