"""Soft labels by networks that never saw the conversation."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from shopbot.engines.recording.trace_format import AllowedAction, Trace
from shopbot.optimize.config import CrossFitConfig
from shopbot.optimize.crossfit.scoring import accuracy, cross_fit_scores

ALLOWED = tuple(AllowedAction(name, "", {}) for name in ("lend", "take_back", "greet"))
QUICK = CrossFitConfig(folds=2, repeats=1, epochs=12, threads=1, base="tiny")


def decision(conversation: int, said: str, choice: str) -> Trace:
    return Trace(conversation=str(conversation), turn=1, context=(("User", said),), allowed=ALLOWED, choice=choice)


def by_rule(count: int) -> list[Trace]:
    """Decisions that follow from the words."""
    wishes = {"lend": "I want to borrow it", "take_back": "here is my book back", "greet": "hello there"}
    names = list(wishes)
    return [decision(n, f"{wishes[names[n % 3]]} number {n}", names[n % 3]) for n in range(count)]


def test_what_follows_from_the_words_is_scored_highest() -> None:
    assert accuracy(cross_fit_scores(by_rule(120), QUICK)) > 0.9


def test_a_decision_is_judged_without_its_own_conversation() -> None:
    rng = random.Random(4)
    # Words that occur once and a label by chance: only who saw the conversation can know it.
    words = ["".join(rng.choices("bcdfghklmnprstvz", k=9)) for _ in range(120)]
    by_chance = [decision(n, word, rng.choice(ALLOWED).name) for n, word in enumerate(words)]
    assert accuracy(cross_fit_scores(by_chance, QUICK)) < 0.6


def test_scores_are_probabilities_of_every_action() -> None:
    scored = cross_fit_scores(by_rule(30), CrossFitConfig(folds=3, repeats=2, epochs=1, threads=1, base="tiny"))
    assert all(set(each.scores or {}) == {"lend", "take_back", "greet"} for each in scored)
    assert [sum((each.scores or {}).values()) for each in scored] == pytest.approx([1.0] * 30, abs=1e-4)


def test_a_killed_run_goes_on_with_what_was_judged(tmp_path: Path) -> None:
    wanted = CrossFitConfig(folds=2, repeats=1, epochs=1, threads=1, base="tiny", folder=tmp_path)
    unbroken = cross_fit_scores(by_rule(20), wanted)
    kept = sorted(tmp_path.glob("*.npy"))
    kept[0].unlink()
    times = kept[1].stat().st_mtime_ns
    assert [each.scores for each in cross_fit_scores(by_rule(20), wanted)] == [each.scores for each in unbroken]
    assert kept[1].stat().st_mtime_ns == times


def test_too_few_conversations_are_said() -> None:
    with pytest.raises(ValueError, match="1 conversations cannot be parted in 2 folds"):
        cross_fit_scores(by_rule(1), QUICK)
