"""The classifier: which questions resemble those that are answered."""

from __future__ import annotations

import numpy as np
import pytest

from shopbot.tools.retrieval.refusal import QuestionClassifier, plain

AXES = np.eye(4, dtype=np.float32)


def test_a_question_like_the_answered_ones_scores_higher() -> None:
    classifier = QuestionClassifier(AXES[:2], AXES[2:])
    assert classifier.resemblance(AXES[0]) > 0.5 > -0.5 > classifier.resemblance(AXES[3])


def test_a_question_half_way_is_undecided() -> None:
    half = (AXES[0] + AXES[2]) / np.float32(np.sqrt(2))
    assert QuestionClassifier(AXES[:2], AXES[2:]).resemblance(half) == pytest.approx(0, abs=1e-6)


def test_a_question_left_out_is_judged_by_the_others_alone() -> None:
    # With as many of each kind the noise is the same, so a classifier made without the first gives the same.
    random = np.random.default_rng(4)
    rows = random.normal(size=(8, 6)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    whole, without = QuestionClassifier(rows[:4], rows[4:]), QuestionClassifier(rows[1:4], rows[4:])
    without._noise = whole._noise[1:]
    assert whole.left_out()[0] == pytest.approx(without.resemblance(rows[0]), abs=1e-6)


def test_one_kind_alone_is_no_guide() -> None:
    with pytest.raises(ValueError, match="0 unanswered questions: give some of each"):
        QuestionClassifier(AXES, AXES[:0])


@pytest.mark.parametrize(
    "asked", ["I don't know, where IS it?", "i dont know where is it", "I don’t know… where is it!!"]
)
def test_the_way_a_question_is_written_does_not_matter(asked: str) -> None:
    assert plain(asked) == "i dont know where is it"
