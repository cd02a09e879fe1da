"""Calibration, F1 and spans against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from shopbot.engines.learned.arguments import best_spans, choose_arguments, whole_words
from shopbot.engines.learned.calibration import fit_temperature
from shopbot.engines.learned.encoding import Vocabulary
from shopbot.engines.learned.predict import Prediction
from shopbot.engines.probabilities import softmax
from shopbot.engines.recording.trace_format import AllowedAction, Trace
from shopbot.optimize.measurement.calibration import expected_calibration_error as calibration_error
from shopbot.optimize.measurement.metrics import measure, weighted_f1


def test_weighted_f1_is_the_hand_worked_one() -> None:
    # a: precision 1/2, recall 1/2, F1 1/2, weight 2/3; b: precision 0, F1 0.
    assert weighted_f1(["a", "a", "b"], ["a", "b", "a"]) == pytest.approx(1 / 3)
    assert weighted_f1(["a", "b"], ["a", "b"]) == 1.0


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9])
    assert calibration_error(confidence, np.array([True, True, True, False])) == pytest.approx(0.15)
    assert calibration_error(np.array([1.0]), np.array([True])) == 0.0


def test_the_temperature_of_an_overconfident_network_is_above_one() -> None:
    # Three of four right at logits of +-3: the likeliest confidence is 3/4, so 6 / T = log 3.
    logits = np.array([[3.0, -3.0]] * 4, dtype=np.float32)
    assert fit_temperature(logits, [0, 0, 0, 1]) == pytest.approx(6 / np.log(3), rel=0.03)


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=5), st.floats(0.25, 8))
def test_softmax_is_a_distribution_in_the_same_order(logits: list[float], temperature: float) -> None:
    shares = softmax(np.array(logits), temperature)
    assert shares.sum() == pytest.approx(1)
    assert shares[int(np.argmax(logits))] == pytest.approx(shares.max())


def test_spans_are_in_order_inside_the_segment_and_the_likeliest_comes_first() -> None:
    first = np.array([0.0, 9.0, 1.0, 5.0], dtype=np.float32)
    last = np.array([0.0, 9.0, 6.0, 2.0], dtype=np.float32)
    assert list(best_spans(first, last, [False, False, True, True])) == [(2, 2), (3, 3), (2, 3)]
    assert not list(best_spans(first, last, [False] * 4))


def test_pointing_at_the_first_token_means_that_nobody_said_it() -> None:
    first, last = np.array([5.0, 1.0], dtype=np.float32), np.array([5.0, 1.0], dtype=np.float32)
    assert not list(best_spans(first, last, [False, True]))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "Roughly"),
        ({"type": "string", "pattern": "^[^ ]+@[^ ]+$"}, "wanda@example.edu"),
        ({"type": "integer", "minimum": 5}, 12),
        ({"type": "string", "pattern": "^#"}, None),
    ],
)
def test_the_likeliest_span_that_the_schema_allows_is_the_argument(schema: dict[str, object], value: object) -> None:
    words = Tokenizer(WordLevel({"[CLS]": 0, "x": 1}, unk_token="x"))
    words.pre_tokenizer = WhitespaceSplit()
    words.post_processor = TemplateProcessing("[CLS] $A", "[CLS] $A $B:1", [("[CLS]", 0)])
    said = "Roughly 3 or 12 to wanda@example.edu"
    encoding = words.encode("before", said)
    likely = {"Roughly": 9.0, "3": 7.0, "12": 6.0, "wanda@example.edu": 5.0}
    logits = np.array([0.0, 0.0, *(likely.get(word, -20.0) for word in said.split())], dtype=np.float32)
    action = AllowedAction("take", parameters={"properties": {"it": schema}})
    vocabulary = Vocabulary(("take",), ("it",), ())
    spans, values = np.stack([logits, logits], axis=1), np.empty(0, dtype=np.float32)
    found = choose_arguments(action, spans, values, encoding, said, vocabulary)
    assert found.get("it") == value


def test_a_span_is_widened_to_whole_words() -> None:
    assert whole_words("card 9916, please", 7, 9) == "9916"
    assert whole_words("Emma", 0, 4) == "Emma"
    assert whole_words("to Jane Eyre.", 4, 9) == "Jane Eyre"


def test_arguments_count_where_the_action_is_right() -> None:
    traces = [Trace("c", 1, (), (), "a", {"x": "Emma"}), Trace("c", 2, (), (), "b", {"x": "Kim"})]
    predictions = [Prediction("a", {"x": "emma"}, 0.8), Prediction("a", {}, 0.6)]
    metrics = measure(traces, predictions)
    assert (metrics.decisions, metrics.accuracy, metrics.arguments_exact) == (2, 0.5, 1.0)
