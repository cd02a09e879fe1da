"""How well and how fast the planner's reader reads. Prints a report; `--card` also writes it into the model card.

    python -m benchmarks.planner_reader [--card] [--float PATH]

Measures the shipped int8 file on generated messages whose wordings and product nouns were never trained on, and,
where the public data sets lie in SHOPBOT_EXTERNAL_DATA, on their held-out parts.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import shopbot.engines.shopbot.reader as reader_module
from shopbot.engines.shopbot.reader import Reader, Reading
from shopbot.optimize.shopbot.conversations.compose import Example
from shopbot.optimize.shopbot.conversations.corpus import examples
from shopbot.optimize.shopbot.conversations.external import bitext, clinc
from shopbot.optimize.shopbot.conversations.labels import ACTS, SPAN_KINDS

# Marks around a value that make no difference to what it means.
_MARKS = " .,;:!?#"
CARD = Path(reader_module.__file__).parent / "weights" / "CARD.md"


@dataclass
class Tally:
    """Hits, false alarms and misses by label."""

    hits: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def add(self, truth: set[tuple[str, str]], found: set[tuple[str, str]]) -> None:
        """Count one example's labelled things."""
        self.hits.update(label for label, _ in truth & found)
        self.extra.update(label for label, _ in found - truth)
        self.missed.update(label for label, _ in truth - found)

    def f1(self, labels: Sequence[str]) -> float:
        """Micro F1 over the labels."""
        hits = sum(self.hits[label] for label in labels)
        wrong = sum(self.extra[label] + self.missed[label] for label in labels)
        return 2 * hits / max(2 * hits + wrong, 1)


def read_all(reader: Reader, chosen: Sequence[Example]) -> list[Reading]:
    """Readings of examples, in order."""
    return [reader.read(example.context, example.message) for example in chosen]


def report(reader: Reader, count: int, float_model: Path | None) -> str:
    """All figures as Markdown; with `float_model`, also how far int8 is from it."""
    test = list(examples("test", count, 1))
    readings = read_all(reader, test)
    lines = [f"- unseen wordings ({len(test)} messages): acts exactly right {_exact(test, readings):.1%}"]
    lines += _spans(test, readings)
    lines += _scope(test, readings)
    if float_model:
        lines.append(_against_float(test, readings, Reader(2, float_model)))
    held = list(bitext("Validation", 1))
    if held:
        lines.append(
            f"- Bitext validation file ({len(held)}): acts exactly right {_exact(held, read_all(reader, held)):.1%}"
        )
        lines += _public_scope(reader)
    lines.append(f"- p50 of one reading, one thread: {_latency(test):.1f} ms")
    return "\n".join([*lines, "", "| act | F1 | messages |", "|---|---|---|", *_acts(test, readings)])


def _exact(chosen: Sequence[Example], readings: Sequence[Reading]) -> float:
    pairs = zip(chosen, readings, strict=True)
    return sum(set(example.acts) == reading.performed for example, reading in pairs) / len(chosen)


def _spans(chosen: Sequence[Example], readings: Sequence[Reading]) -> list[str]:
    tally = Tally()
    for example, reading in zip(chosen, readings, strict=True):
        truth = {(kind, example.message[start:end].strip(_MARKS)) for start, end, kind in example.spans}
        tally.add(truth, {(span.kind, span.text.strip(_MARKS)) for span in reading.spans})
    each = ", ".join(f"{kind} {tally.f1([kind]):.3f}" for kind in SPAN_KINDS)
    return [f"- spans, exact text: F1 {tally.f1(SPAN_KINDS):.3f} ({each})"]


def _scope(chosen: Sequence[Example], readings: Sequence[Reading]) -> list[str]:
    outside = [
        reading.performs("out_of_scope")
        for example, reading in zip(chosen, readings, strict=True)
        if "out_of_scope" in example.acts
    ]
    inside = [
        reading.performs("out_of_scope")
        for example, reading in zip(chosen, readings, strict=True)
        if "out_of_scope" not in example.acts
    ]
    return [f"- out of scope: recall {sum(outside) / len(outside):.1%}, false refusals {sum(inside) / len(inside):.2%}"]


def _public_scope(reader: Reader) -> list[str]:
    far = [example for example in clinc("val", 1, 4) if example.acts == ("out_of_scope",)]
    caught = sum(reading.performs("out_of_scope") for reading in read_all(reader, far))
    held = read_all(reader, list(bitext("Validation", 1)))
    refused = sum(reading.performs("out_of_scope") for reading in held)
    return [
        f"- CLINC150 val and oos_val ({len(far)}): out-of-scope recall {caught / len(far):.1%}",
        f"- Bitext validation: false refusals {refused / len(held):.2%}",
    ]


def _acts(chosen: Sequence[Example], readings: Sequence[Reading]) -> list[str]:
    tally = Tally()
    for example, reading in zip(chosen, readings, strict=True):
        tally.add({(act, "") for act in example.acts}, {(act, "") for act in reading.performed})
    return [f"| {act} | {tally.f1([act]):.3f} | {tally.hits[act] + tally.missed[act]} |" for act in ACTS]


def _against_float(chosen: Sequence[Example], readings: Sequence[Reading], reader: Reader) -> str:
    whole = read_all(reader, chosen)
    same = sum(a.performed == b.performed for a, b in zip(whole, readings, strict=True))
    return f"- float32: acts exactly right {_exact(chosen, whole):.1%}; int8 agrees on {same / len(chosen):.1%}"


def _latency(chosen: Sequence[Example]) -> float:
    fresh = Reader(threads=1)
    taken = []
    for example in chosen[:300]:
        begun = time.perf_counter()
        fresh.read(example.context, example.message)
        taken.append((time.perf_counter() - begun) * 1000)
    return median(taken)


def main() -> None:
    """Print the report, and put it between the card's markers if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--card", action="store_true", help="write the figures into the model card")
    parser.add_argument("--float", type=Path, dest="float_model", help="float32 graph to compare with")
    wanted = parser.parse_args()
    figures = report(Reader(), wanted.count, wanted.float_model)
    print(figures)
    if wanted.card:
        text = CARD.read_text(encoding="utf-8")
        marked = f"<!-- figures -->\n{figures}\n<!-- /figures -->"
        replaced = re.sub(r"<!-- figures -->.*<!-- /figures -->", lambda _: marked, text, flags=re.DOTALL)
        CARD.write_text(replaced, encoding="utf-8")


if __name__ == "__main__":
    main()
