"""The phrases as families of wordings. A wording belongs to one split, so test wordings are never trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SPLITS = ("train", "dev", "test")
_PHRASES = Path(__file__).parent / "phrases"
_SMALLEST_SPLIT_FAMILY = 8
_NOT_FAMILIES = ("products", "words", "compositions")


@dataclass(frozen=True)
class Family:
    """Wordings that do the same thing, by split. `core` and `trained` ones in a phrase file are for training alone."""

    name: str
    acts: tuple[str, ...]
    when: tuple[str, ...]
    wordings: dict[str, tuple[str, ...]] = field(hash=False)
    core: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sequence:
    """A message made of several families: `parts` holds the choices and whether the part may be left out."""

    weight: float
    state: str
    parts: tuple[tuple[tuple[str, ...], bool], ...]


@dataclass(frozen=True)
class Phrasebook:
    """All families, the weights of messages that use one, by split, and the sequences that use several."""

    families: dict[str, Family]
    singles: dict[str, dict[str, float]]
    sequences: tuple[Sequence, ...]


def split_of(values: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Deal distinct values to the splits: of every eight one to dev and one to test, by hash, so stable."""
    ranked = sorted(set(values), key=lambda value: hashlib.sha256(value.encode()).hexdigest())
    if len(ranked) < _SMALLEST_SPLIT_FAMILY:
        return {split: tuple(ranked) for split in SPLITS}
    dealt: dict[str, list[str]] = {split: [] for split in SPLITS}
    for rank, value in enumerate(ranked):
        dealt[{6: "dev", 7: "test"}.get(rank % 8, "train")].append(value)
    return {split: tuple(dealt[split]) for split in SPLITS}


@cache
def load_phrasebook() -> Phrasebook:
    """Read every phrase file once."""
    families: dict[str, Family] = {}
    for path in sorted(_PHRASES.glob("*.yaml")):
        if path.stem not in _NOT_FAMILIES:
            for name, entry in _read(path).items():
                families[name] = _family(name, entry)
    for path in sorted((_PHRASES / "more").glob("*.yaml")):
        for name, entry in _read(path).items():
            families[name] = _with_more(families[name], entry)
    made = _read(_PHRASES / "compositions.yaml")
    sequences = tuple(_sequence(line) for line in _lines(made["sequences"]))
    singles = {split: dict(made["singles"]) for split in SPLITS}
    singles["train"] |= made["more_in_training"]
    return Phrasebook(families, singles, sequences)


@cache
def load_words(stem: str) -> dict[str, tuple[str, ...]]:
    """Comma-separated word lists of one file, such as `products`."""
    return {
        name: tuple(word.strip() for word in text.replace("\n", ",").split(",") if word.strip())
        for name, text in _read(_PHRASES / f"{stem}.yaml").items()
    }


def _read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _family(name: str, entry: dict[str, Any]) -> Family:
    core, trained = _lines(entry.get("core", "")), _lines(entry.get("trained", ""))
    dealt = split_of(line for line in _lines(entry.get("wordings", "")) if line not in core)
    wordings = {split: tuple(line for line in dealt[split] if line not in trained) or tuple(core) for split in SPLITS}
    # A core wording stands three times: it is what customers say most.
    wordings["train"] = (*dealt["train"], *trained, *core * 3)
    return Family(name, tuple(entry.get("acts", ())), tuple(entry.get("when", ("any",))), wordings, tuple(core))


def _with_more(family: Family, entry: dict[str, Any]) -> Family:
    """The family with later wordings, dealt by themselves: what was held back before stays held back.

    `trained` ones are for training alone; `left_out` ones turned out to contradict another family.
    """
    lines = _lines(entry.get("wordings", ""))
    dealt = split_of(lines) if len(set(lines)) >= _SMALLEST_SPLIT_FAMILY else {"train": tuple(lines)}
    dealt["train"] = (*dealt["train"], *_lines(entry.get("trained", "")))
    left_out = set(_lines(entry.get("left_out", "")))
    own = {split: tuple(line for line in family.wordings[split] if line not in left_out) for split in SPLITS}
    known = {line for lines in own.values() for line in lines} | left_out
    more = {split: tuple(line for line in dealt.get(split, ()) if line not in known) for split in SPLITS}
    return replace(family, wordings={split: (*own[split], *more[split]) for split in SPLITS})


def _sequence(line: str) -> Sequence:
    weight, state, *parts = line.split()
    choices = tuple((tuple(part.rstrip("?").split("|")), part.endswith("?")) for part in parts)
    return Sequence(float(weight), state.removeprefix("@"), choices)
