"""Worked examples for local models, from the generator's training wordings: a message, and the notes that it calls for.

python -m shopbot.optimize.shopbot.conversations.worked > prompts/engines/llama/examples.yaml
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import yaml

from shopbot.agents.candidates import codes_in, phrases_of
from shopbot.agents.grounding.reading import read
from shopbot.optimize.shopbot.conversations.compose import Example
from shopbot.optimize.shopbot.conversations.corpus import examples

_DRAWN, _OF_A_KIND, _LONGEST = 12_000, 5, 80
_ALONE = {
    "want_return": "return", "want_tracking": "where", "want_order_details": "contents", "want_order_list": "list",
    "want_return_status": "status", "hand_over": "person", "cancel": "stop", "ask_policy": "rules",
    "choose_everything": "everything",
}  # fmt: skip
_WORDS = {
    "decline": "no", "nothing_more": "no", "cannot_provide": "lost", "greet": "hello", "thanks": "thanks",
    "bye": "thanks", "out_of_scope": "other", "smalltalk": "other", "unclear": "unclear",
}  # fmt: skip
_VALUED = {"give_order_number", "give_email", "choose_items", "add_items", "remove_items", "calculate"}
_HEAD = """# Worked examples for a local model: what a customer wrote, what had been asked for, and the notes.
# The nearest to a message are shown with it. Made of training wordings by
# shopbot.optimize.shopbot.conversations.worked.
"""


def worked(example: Example) -> tuple[str, ...] | None:
    """The notes of an example; None when they cannot be told from its labels."""
    acts = set(example.acts)
    if not acts <= {*_ALONE, *_WORDS, *_VALUED} or acts >= {"remove_items", "choose_everything"}:
        return None
    notes = [note for act, note in _ALONE.items() if act in acts]
    notes += [*_values(example, "ORDER", "order"), *_values(example, "EMAIL", "email"), *_items(example)]
    if "calculate" in acts:
        notes += [f"sum {_text(example, span)}" for span in example.spans if span[2] == "EXPR"]
    notes = notes or [note for act, note in _WORDS.items() if act in acts][:1]
    wanted = len(acts & {"give_order_number", "give_email", "calculate"})
    return tuple(notes) if notes and wanted <= sum(" " in note for note in notes) else None


def _values(example: Example, kind: str, note: str) -> Iterator[str]:
    for span in example.spans:
        if span[2] == kind:
            text = _text(example, span)
            found = sorted(read(text).addresses) if kind == "EMAIL" else codes_in(read(text))
            yield from (f"{note} {value}" for value in found[:1])


def _items(example: Example) -> Iterator[str]:
    note = "keep" if "remove_items" in example.acts else "more" if "add_items" in example.acts else "item"
    for start, end, kind in example.spans:
        if kind != "ITEM":
            continue
        counts = [span for span in example.spans if span[2] == "QTY" and 0 <= start - span[1] <= 12]
        numbers = [str(value) for value, _ in read(_text(example, counts[-1])).numbers] if counts else []
        phrases = [*phrases_of(example.message[start:end])]
        if phrases:
            yield " ".join([note, *([] if note == "keep" else numbers[:1]), phrases[-1]])


def _text(example: Example, span: tuple[int, int, str]) -> str:
    return example.message[span[0] : span[1]]


def choose() -> list[dict[str, object]]:
    """A few short examples of each kind: of each set of notes, by what had been asked for."""
    taken: Counter[tuple[str, ...]] = Counter()
    found: list[dict[str, object]] = []
    for example in examples("train", _DRAWN, 1):
        notes = worked(example)
        if notes is None or len(example.message) > _LONGEST or "\n" in example.message:
            continue
        kind = tuple(dict.fromkeys(note.partition(" ")[0] for note in notes))
        asked = example.context.partition("asked for: ")[2].partition(".")[0]
        limit = _OF_A_KIND * 3 if len(kind) == 1 else _OF_A_KIND
        if taken[kind] >= limit or len(kind) > 3 or taken[(*kind, asked)] >= _OF_A_KIND:
            continue
        taken[kind] += 1
        taken[(*kind, asked)] += 1
        found.append({**({} if asked == "nothing" else {"asked": asked}), "says": example.message, "notes": [*notes]})
    return found


def main() -> None:
    """Write the file to standard output."""
    sys.stdout.write(_HEAD)
    for one in choose():
        sys.stdout.write(
            f"- {yaml.safe_dump(one, allow_unicode=True, default_flow_style=True, width=10**6, sort_keys=False)}"
        )


if __name__ == "__main__":
    main()
