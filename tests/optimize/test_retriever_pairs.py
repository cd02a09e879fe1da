"""Pairs of question and passage, mined from documents, sample questions and recorded conversations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shopbot.engines.recording.trace_format import Trace, to_line
from shopbot.optimize.retriever.measure import Asked, found, mean_cosine, table
from shopbot.optimize.retriever.pairs import Pair, PairsError, cited, mine, read_passages
from shopbot.optimize.retriever.run import divide, read_asked

SEARCH = Trace("c1", 1, (("User", "how long?"),), (), "search_policies", {"question": "how long to send it back"})
REPLY = Trace("c1", 1, (), (), None, reply="30 days [returns#window], see [returns#how].", outcome="replied")


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    text = "# Returns\n\n## Window\n30 days.\n\n## How\nAsk us.\n```\n# no heading\n```\n"
    (folder / "returns.md").write_text(text, encoding="utf-8")
    (folder / "questions.yaml").write_text(
        'returns#window: ["Until when?", "until when?"]\nreturns#gone: ["Lost?"]\n', encoding="utf-8"
    )
    return folder


def test_a_section_stands_under_its_path_of_headings(documents: Path) -> None:
    assert read_passages(documents)["returns#window"] == "Returns > Window\n30 days."


def test_a_line_in_a_code_block_is_no_heading(documents: Path) -> None:
    assert set(read_passages(documents)) == {"returns#window", "returns#how"}


def test_the_shops_sections_have_the_keys_that_search_gives_them() -> None:
    from benchmarks.policy_questions import DOCUMENTS
    from shopbot.engines.embedding import Encoder
    from shopbot.tools.retrieval.chunks import split_markdown

    text = (DOCUMENTS / "returns.md").read_text(encoding="utf-8")
    count = Encoder().count_tokens
    chunks = split_markdown(text, document="returns", source="returns.md", count_tokens=count)
    assert {chunk.key for chunk in chunks} <= set(read_passages(DOCUMENTS))


def test_headings_and_sample_questions_of_known_sections_become_pairs(documents: Path) -> None:
    assert {(pair.question, pair.key, pair.origin) for pair in mine(documents)} == {
        ("Window", "returns#window", "heading"),
        ("How", "returns#how", "heading"),
        ("Until when?", "returns#window", "sample"),
    }


def test_a_search_is_paired_with_what_the_reply_cites_first() -> None:
    assert list(cited([SEARCH, REPLY])) == [("how long to send it back", "returns#window")]


@pytest.mark.parametrize(
    "conversation",
    [
        [REPLY],
        [replace(SEARCH, outcome="refused"), REPLY],
        [SEARCH, replace(REPLY, reply="I don't know.")],
        [SEARCH, replace(REPLY, conversation="c2")],
        [SEARCH, replace(REPLY, reply="Anything else?"), REPLY],
    ],
    ids=["no search", "refused", "nothing cited", "another conversation", "a reply too late"],
)
def test_nothing_is_made_of_a_search_without_a_citation(conversation: list[Trace]) -> None:
    assert list(cited(conversation)) == []


def test_recorded_conversations_add_to_the_pairs(documents: Path, tmp_path: Path) -> None:
    log = tmp_path / "traces.jsonl"
    log.write_text(f"{to_line(SEARCH)}\n{to_line(REPLY)}\n", encoding="utf-8")
    added = [pair for pair in mine(documents, [log]) if pair.origin == "trace"]
    assert added == [Pair("how long to send it back", "Returns > Window\n30 days.", "returns#window", "trace")]


def test_a_folder_without_documents_is_named(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match=r"no Markdown document with a section in .*: name a folder"):
        mine(tmp_path)


def test_no_question_is_both_trained_on_and_kept_back() -> None:
    pairs = [Pair(f"question {number}", "p", f"k{number % 3}", "sample") for number in range(200)]
    pairs += [Pair("question 1", "p", "other", "sample"), Pair("Heading", "p", "k1", "heading")]
    trained, kept = divide(pairs, 0.3)
    assert not {pair.question for pair in trained} & {pair.question for pair in kept}
    assert 0.15 < len(kept) / len(pairs) < 0.45
    assert Pair("Heading", "p", "k1", "heading") in trained


def test_a_file_of_questions_in_another_form_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "asked.yaml"
    file.write_text("- a question\n", encoding="utf-8")
    with pytest.raises(PairsError, match=r"asked\.yaml is not YAML with 'answerable"):
        read_asked(file)


def test_the_measures_of_a_ranking_worked_by_hand() -> None:
    import numpy as np

    passages = np.eye(4, dtype=np.float32)
    questions = np.array([[1, 0.5, 0.2, 0], [0.9, 0.8, 0.7, 0.6]], dtype=np.float32)
    asked = [Asked("first", frozenset({"a"})), Asked("last", frozenset({"d"}))]
    reached = found(questions, passages, ["a", "b", "c", "d"], asked)
    # The first stands first, the last fourth: nDCG 1 and 1 / log2(5), reciprocal rank 1 and 1/4.
    assert reached.hit_at_3 == 0.5
    assert reached.ndcg_at_10 == pytest.approx((1 + 1 / np.log2(5)) / 2)
    assert reached.mrr == pytest.approx(0.625)
    assert mean_cosine(passages, passages) == 1.0


def test_a_question_whose_passage_is_missing_is_named() -> None:
    import numpy as np

    one = np.eye(1, dtype=np.float32)
    with pytest.raises(ValueError, match="should answer 'lost'"):
        found(one, one, ["a"], [Asked("lost", frozenset({"b"}))])


def test_the_table_shows_before_after_and_the_difference() -> None:
    assert table({"MRR": 0.5}, {"MRR": 0.75}).splitlines()[1].split() == ["MRR", "0.5000", "0.7500", "+0.2500"]
