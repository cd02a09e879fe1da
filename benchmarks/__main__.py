"""Runs benchmarks, and writes what they print into the documentation.

    python -m benchmarks                       those of `make bench`
    python -m benchmarks next_action --write   one by name; its page goes to docs/figures/next_action.md
    python -m benchmarks next_action -- --count 500
    python -m benchmarks --list

Each runs in a process of its own. A page says when, on which machine under which load, and at which commit the figures
were measured; a benchmark that fails writes none.
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).parent
FIGURES = HERE.parent / "docs" / "figures"
USUAL = (
    "bench_conversation",
    "bench_engines",
    "bench_overhead",
    "bench_pal",
    "bench_retrieval",
    "double_clicks",
    "next_action",
    "pal_differential",
    "pal_docstrings",
    "pal_fairness",
    "pal_host_stall",
    "pal_hostile",
    "simulated_customers",
    "state_machine",
    "retrieval_int8",
)
"""What `make bench` runs: what needs no argument and no files that a checkout lacks."""
INNER = ("__main__", "peer_openai_agents", "retrieval_speed")
"""Can be run, and are run by others."""


def benchmarks() -> dict[str, str]:
    """The name of every benchmark -> what its file says about it."""
    files = {file.stem: file.read_text(encoding="utf-8") for file in sorted(HERE.glob("*.py"))}
    runnable = {name: text for name, text in files.items() if '__name__ == "__main__"' in text and name not in INNER}
    return {name: ast.get_docstring(ast.parse(text)) or name for name, text in runnable.items()}


def run(name: str, arguments: list[str]) -> tuple[int, str]:
    """Run a benchmark, showing what it prints; returns its exit code and its output."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    printed: list[str] = []
    with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            printed.append(line)
    return process.returncode, "".join(printed)


def page(name: str, about: str, arguments: list[str], measured: str, printed: str) -> str:
    """The page of one benchmark: what it measures, when and where it did, what it printed."""
    _, _, rest = about.partition("\n\n")
    command = " ".join(["python -m benchmarks", name, *(["--", *arguments] if arguments else [])])
    # What follows the first block of indented lines in a docstring is how to call it.
    told = "\n\n".join(part for part in rest.split("\n\n") if not part.startswith((" ", "python -m")))
    parts = [f"# {_title(about)}", measured, f"`{command}`", told, _shown(printed)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(about: str) -> str:
    return " ".join(about.partition("\n\n")[0].split()).rstrip(".")


def _shown(printed: str) -> str:
    """Tables as tables, all else as it was printed."""
    lines = [line.rstrip() for line in printed.strip().splitlines()]
    blocks = [(table, "\n".join(found).strip("\n")) for table, found in groupby(lines, lambda line: line[:1] == "|")]
    return "\n\n".join(block if table else f"```text\n{block}\n```" for table, block in blocks if block)


def here_and_now() -> str:
    """Date, machine, load and commit, as one line."""
    load = os.getloadavg()[0]
    return (
        f"Measured on {datetime.now(UTC):%B %d, %Y}: {os.cpu_count()} cores ({_processor()}), load {load:.1f} before "
        f"it began, {platform.system()} {platform.machine()}, Python {platform.python_version()}, commit {_commit()}."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True).stdout.strip()

    changed = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    return f"`{git('rev-parse', '--short', 'HEAD') or 'unknown'}`{changed}"


def main() -> int:
    """Run what is asked for; returns 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--write", action="store_true", help="write the pages under docs/figures")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and what each measures")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    given, arguments, known = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :], benchmarks()
    unknown = [name for name in given.names if name not in known]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; --list names them")
    if given.list:
        print("\n".join(f"{name:<22} {_title(about)}" for name, about in known.items()))
        return 0
    failed = [name for name in given.names or USUAL if not _done(name, known[name], arguments, write=given.write)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def _done(name: str, about: str, arguments: list[str], *, write: bool) -> bool:
    print(f"\n== {name}", flush=True)
    measured = here_and_now()
    code, printed = run(name, arguments)
    if write and code == 0:
        (FIGURES / f"{name}.md").write_text(page(name, about, arguments, measured, printed), encoding="utf-8")
    return code == 0


if __name__ == "__main__":
    sys.exit(main())
