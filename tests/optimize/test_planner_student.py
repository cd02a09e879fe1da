"""The planner's student: a smaller token table over which teacher and student still understand each other."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: make optimize")

from tokenizers import Tokenizer

from shopbot.optimize.shopbot.conversations.corpus import examples
from shopbot.optimize.shopbot.planner.data import load_tokenizer
from shopbot.optimize.shopbot.planner.distil import pairs, trimmed
from shopbot.optimize.shopbot.planner.train import TOKENIZER


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A trimmed tokenizer in a file, and the old ids of its tokens."""
    texts = [f"{one.context} {one.message}" for one in examples("train", 200, 1)]
    definition, kept = trimmed(TOKENIZER, texts, 4000)
    file = tmp_path_factory.mktemp("small") / "tokenizer.json"
    file.write_text(definition, encoding="utf-8")
    return file, kept


def test_the_table_shrinks_and_every_kept_token_keeps_its_row(small: tuple[Path, list[int]]) -> None:
    file, kept = small
    before, after = Tokenizer.from_file(str(TOKENIZER)).get_vocab(), Tokenizer.from_file(str(file)).get_vocab()
    assert len(after) == len(kept) < len(before) / 4
    assert all(before[token] == kept[place] for token, place in after.items())


def test_a_student_token_is_matched_with_the_teacher_token_that_starts_with_it(small: tuple[Path, list[int]]) -> None:
    own, whole = load_tokenizer(small[0]), load_tokenizer(TOKENIZER)
    chosen = list(examples("test", 60, 2))
    for example, pair in zip(chosen, pairs(chosen, own, whole), strict=True):
        mine, theirs = own.encode(example.context, example.message), whole.encode(example.context, example.message)
        matched = [(place, there) for place, there in enumerate(pair.same) if there >= 0]
        assert matched
        for place, there in matched:
            assert mine.offsets[place][0] == theirs.offsets[there][0]
            assert mine.sequence_ids[place] == theirs.sequence_ids[there] == 1
