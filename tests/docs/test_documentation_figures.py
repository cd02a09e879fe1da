"""The runner of the benchmarks: what it knows, and the pages it writes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.__main__ import FIGURES, INNER, USUAL, benchmarks, here_and_now, page
from docs.generate.figures import figures_table

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_make_bench_runs_benchmarks_that_there_are() -> None:
    assert set(USUAL) <= set(benchmarks())
    assert not set(INNER) & set(benchmarks())


def test_the_list_names_each_with_what_it_measures() -> None:
    assert "bench_overhead         CPU time that an agent loop adds" in run("--list").stdout


def test_an_unknown_benchmark_is_named() -> None:
    done = run("speed_of_light")
    assert done.returncode == 2
    assert "there is no benchmark 'speed_of_light'" in done.stderr


def test_a_page_says_what_when_where_and_how() -> None:
    about = "How long it takes.\n\n    python -m benchmarks.consent\n\nOne second is a second."
    written = page("wait", about, ["--count", "2"], here_and_now(), "warming up\n\n| s |\n|---|\n| 1.0 |\n")
    assert written.startswith("# How long it takes\n\nMeasured on ")
    assert re.search(r"\d cores \(.+\), load \d+\.\d before it began, .*Python 3\.\d+\.\d+, commit `\w+`", written)
    assert "`python -m benchmarks wait -- --count 2`\n\nOne second is a second.\n" in written
    assert written.endswith("```text\nwarming up\n```\n\n| s |\n|---|\n| 1.0 |\n")


def test_every_page_of_figures_says_when_and_where_it_was_measured() -> None:
    rows = figures_table().splitlines()[2:]
    assert len(rows) == len(list(FIGURES.glob("*.md"))) - 1
    assert [row for row in rows if "commit `" not in row or "cores" not in row] == []
