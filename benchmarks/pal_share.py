"""Which share of programs that language models wrote runs, and whether any answer is wrong.

    .venv/bin/python -m benchmarks.pal_share [--alone] [FILE.jsonl ...]

With `--alone`, every program gets a process of its own.

The sets are `pal/programs_*.jsonl` under SHOPBOT_EXTERNAL_DATA (../shared/data): code, entry, and the answer and
output that CPython gave. A recorded answer is a number, or a list or text that stands for another value.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.pal_hostile import load
from shopbot.tools.interpreter import Interpreter, Result


def differs(row: dict[str, Any], result: Result) -> str | None:
    """How a result differs from what was recorded; None when it does not."""
    if result.error:
        return f"failed: {result.error}"
    if result.stdout != row["expected_stdout"]:
        return f"WRONG output {result.stdout[:60]!r}"
    expected = row["expected"]
    if row["entry"] is None or result.text == str(expected):
        return None
    if isinstance(expected, list):
        # a recorded list also stands for a tuple, and its items for what they print as
        same = _letters(result.text) == _letters(str(expected))
    else:
        same = isinstance(expected, int | float) and result.answer == expected
    return None if same else f"WRONG answer {result.text[:60]} instead of {str(expected)[:60]}"


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum() or character in ".-")


def _path(result: Result) -> str:
    return "quick" if result.path == "cpython" and result.refused is None else result.path


def main(files: list[Path], quick: bool) -> int:
    """Print the share for each set; returns 1 when an answer is wrong."""
    wrong = 0
    with Interpreter(quick=quick) as interpreter:
        for file in files:
            rows, paths, times = load(file), Counter[str](), list[float]()
            found = {}
            for row in rows:
                result = interpreter.run(row["code"], row["entry"])
                paths[_path(result)] += 1
                times.append(result.ms)
                if difference := differs(row, result):
                    found[row["id"]] = difference
            print(
                f"{file.name}: {len(rows) - len(found)} of {len(rows)} as CPython; {dict(paths)}; "
                f"median {statistics.median(times):.2f} ms"
            )
            for name, difference in found.items():
                print(f"    {name}: {difference}")
            wrong += sum("WRONG" in difference for difference in found.values())
    return min(wrong, 1)


if __name__ == "__main__":
    folder = Path(os.environ.get("SHOPBOT_EXTERNAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "pal"
    chosen = [Path(name) for name in sys.argv[1:] if name != "--alone"] or sorted(folder.glob("programs_*.jsonl"))
    sys.exit(main(chosen, "--alone" not in sys.argv))
