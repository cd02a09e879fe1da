"""Live runs of tau2-bench, its own orchestrator and simulated customers, against an agent behind the gate.

    python -m benchmarks.tau_live retail|airline --engine SPEC --user MODEL [--tasks N] [--trials K] [--plain] [--json]

`desk` puts an agent of this project in the seat of the benchmark's agent, `simulate` runs tasks and reckons pass^k.
The package is Sierra Research's `tau2` (from its repository; a package of that name on PyPI is something else) and
its user simulator needs a key; nothing else of the project needs either.
"""
