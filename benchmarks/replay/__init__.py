"""Recorded conversations of other people's agents, replayed through the gate: what it stops, and what wrongly.

    python -m benchmarks.replay retail|airline|state_bench [--runs FILE] [--json] [--cases KIND] [--ablations]

`runs` reads them, `environment` says what an agent of that trade works with, `conversation` feeds each recorded
proposal to the gate as if an engine had just made it, `judge` says by the right end state which writes were right,
`fidelity` compares what the tools answered, `report` counts, `chart` draws; `state_bench` reads the other benchmark.
"""
