"""A corpus as JSON lines.

python -m shopbot.optimize.shopbot.conversations.corpus --split train --count 30000 --seed 1 > train.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import asdict

from shopbot.optimize.shopbot.conversations.compose import Example, compose
from shopbot.optimize.shopbot.conversations.phrasebook import SPLITS, load_phrasebook


def examples(split: str, count: int, seed: int) -> Iterator[Example]:
    """`count` distinct examples of a split, the same for the same seed."""
    book = load_phrasebook()
    rng = random.Random(f"{split}-{seed}")
    seen: set[tuple[str, str]] = set()
    for _ in range(count * 20):
        if len(seen) == count:
            return
        example = compose(book, split, rng)
        key = (example.context, example.message)
        if example.message and key not in seen:
            seen.add(key)
            yield example


def main() -> None:
    """Write a corpus to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    for example in examples(wanted.split, wanted.count, wanted.seed):
        sys.stdout.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
