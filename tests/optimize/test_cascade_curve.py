"""The accuracy and cost of a cascade at every threshold, on data small enough to work out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.cascade import (
    Decisions,
    Point,
    Tier,
    accuracy_in,
    cascade_curve,
    choose_point,
    decisions_in,
    fit_confidence,
    table_of,
    write_thresholds,
)
from shopbot.optimize.measurement.calibration import expected_calibration_error

CHEAP, DEAR = Tier(cost=0.0, seconds=0.1, accuracy=0.5), Tier(cost=1.0, seconds=2.0, accuracy=0.9)


def decisions(sure: list[float], right: list[int], expert: list[int] | None = None) -> Decisions:
    """Decisions written by hand."""
    known = None if expert is None else np.array(expert, dtype=bool)
    return Decisions(np.array(sure), np.array(right, dtype=bool), known)


def test_every_confidence_is_a_threshold_from_believing_all_to_believing_none() -> None:
    points = cascade_curve(decisions([0.9, 0.2, 0.6, 0.6], [1, 0, 1, 0]), CHEAP, DEAR)
    assert [(p.threshold, p.passed_on) for p in points[:3]] == [(0.2, 0.0), (0.6, 0.25), (0.9, 0.75)]
    assert points[-1].passed_on == 1.0
    assert points[-1].threshold > 0.9
    assert [round(p.accuracy, 4) for p in points] == [0.5, (2 + 0.9) / 4, round((1 + 2.7) / 4, 4), 0.9]
    assert [round(p.cost, 4) for p in points] == [0.0, 0.25, 0.75, 1.0]
    assert [round(p.seconds, 4) for p in points] == [0.1, 0.6, 1.6, 2.1]


def test_where_it_is_known_the_expensive_engine_is_counted_as_it_was() -> None:
    points = cascade_curve(decisions([0.9, 0.2], [1, 0], [0, 1]), CHEAP, DEAR)
    assert [(p.passed_on, p.accuracy) for p in points] == [(0.0, 0.5), (0.5, 1.0), (1.0, 0.5)]


def test_the_cheapest_point_that_loses_little_is_chosen() -> None:
    points = [
        Point(t, share, right, share, share) for t, share, right in ((0.1, 0, 0.8), (0.5, 0.3, 0.95), (0.9, 1, 0.96))
    ]
    assert choose_point(points, loss=0.01).threshold == 0.5
    assert choose_point(points, loss=0.0).threshold == 0.9
    assert choose_point(points, loss=0.5).threshold == 0.1


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.floats(0, 1))
def test_a_curve_is_what_counting_gives(rows: list[tuple[float, bool]], loss: float) -> None:
    points = cascade_curve(decisions([s for s, _ in rows], [int(r) for _, r in rows]), CHEAP, DEAR)
    for point in points:
        kept = [right for sure, right in rows if sure >= point.threshold]
        assert point.accuracy == pytest.approx((sum(kept) + 0.9 * (len(rows) - len(kept))) / len(rows))
        assert point.cost == pytest.approx(1 - len(kept) / len(rows))
    chosen = choose_point(points, loss)
    assert chosen.accuracy >= max(point.accuracy for point in points) - loss - 1e-9


def test_no_decisions_are_refused() -> None:
    with pytest.raises(ValueError, match="0 confidences for 0 decisions"):
        cascade_curve(decisions([], []), CHEAP, DEAR)


def test_traces_give_the_decisions_of_one_engine_and_how_often_another_holds() -> None:
    rows = [
        Trace("c", 1, (), (), "look", score=0.9, engine="planner", outcome="accepted"),
        Trace("c", 2, (), (), "look", score=0.4, engine="planner", outcome="refused"),
        Trace("c", 2, (), (), None, score=None, engine="openai:x", outcome="replied"),
        Trace("c", 3, (), (), None, score=None, engine="openai:x", outcome="failed"),
    ]
    found = decisions_in(rows, "planner")
    assert (found.confidence.tolist(), found.right.tolist()) == ([0.9, 0.4], [True, False])
    assert (accuracy_in(rows, "openai:x"), accuracy_in(rows, "openai:y")) == (0.5, None)
    with pytest.raises(ValueError, match="no decision of 'openai:x' with a score"):
        decisions_in(rows, "openai:x")


def test_a_fitted_confidence_is_calibrated_although_right_is_far_more_often_than_wrong() -> None:
    rng = np.random.default_rng(0)
    signals = rng.normal(size=(4000, 2))
    truth = 1 / (1 + np.exp(-(2.5 + 1.5 * signals[:, 0])))
    right = rng.random(4000) < truth
    fitted = fit_confidence(signals[:2000], right[:2000])
    assert right.mean() > 0.8
    assert expected_calibration_error(fitted.probabilities(signals[2000:]), right[2000:]) < 0.03


def test_the_file_keeps_the_thresholds_of_other_engines(tmp_path: Path) -> None:
    data = decisions([0.9, 0.2], [1, 0])
    chosen = choose_point(cascade_curve(data, CHEAP, DEAR))
    write_thresholds(tmp_path / "new" / "thresholds.json", "planner", chosen, data)
    write_thresholds(tmp_path / "new" / "thresholds.json", "planner:mine", chosen, data)
    written = json.loads((tmp_path / "new" / "thresholds.json").read_text())
    assert written["thresholds"] == {"others": 0.9, "planner": chosen.threshold, "planner:mine": chosen.threshold}
    assert written["measured"]["planner"]["decisions"] == 2


def test_the_table_marks_the_point_that_was_chosen() -> None:
    points = cascade_curve(decisions([0.9, 0.2, 0.6], [1, 0, 1]), CHEAP, DEAR)
    chosen = choose_point(points)
    marked = [line for line in table_of(points, chosen).splitlines() if "**" in line]
    assert len(marked) == 1
    assert f"**{chosen.threshold:.4f}**" in marked[0]
