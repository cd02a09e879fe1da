"""How sure the planner is follows from its reading, by a calibration that a command can fit anew."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.shopbot.model import CALIBRATION, SIGNALS, calibrated, confidence_of, signals_of
from shopbot.engines.shopbot.reader import Reading, Span

ACT = st.floats(0, 1)


def reading(*acts: float, span: float = 1.0) -> Reading:
    """A reading with these probabilities of acts and one value."""
    return Reading({str(place): score for place, score in enumerate(acts)}, (Span("ORDER", "1", 0, 1, span),))


@given(st.lists(ACT, min_size=1, max_size=27), ACT)
def test_every_reading_has_a_probability(acts: list[float], span: float) -> None:
    sure = confidence_of(reading(*acts, span=span))
    assert sure is not None
    assert 0 <= sure <= 1


def test_doubt_about_any_act_or_value_lowers_it() -> None:
    clear = confidence_of(reading(0.99, 0.01)) or 0
    assert clear > (confidence_of(reading(0.99, 0.4)) or 1)
    assert clear > (confidence_of(reading(0.6, 0.01)) or 1)
    assert clear > (confidence_of(reading(0.99, 0.01, span=0.5)) or 1)


def test_without_a_calibration_of_these_signals_there_is_none(tmp_path: Path) -> None:
    rows = [signals_of(reading(0.9))]
    assert calibrated(rows, tmp_path / "missing.json") is None
    (tmp_path / "other.json").write_text(json.dumps({"weights": [1.0, 2.0], "intercept": 0.0}))
    assert calibrated(rows, tmp_path / "other.json") is None


def test_the_shipped_calibration_is_of_these_signals() -> None:
    assert json.loads(CALIBRATION.read_text(encoding="utf-8"))["signals"] == list(SIGNALS)
