"""Chaos: workers that are killed and stopped, and databases that restart, while submitted runs go on.

    python -m tests.chaos.workers --database postgres --kills 300 --stops 120 --restarts 15
    python -m tests.chaos.workers --database sqlite --kills 100 --stops 60
    python -m tests.chaos.split_brain
    python -m tests.chaos.submits --submits 1000 --processes 8

Each prints what it counted, and exits with 1 if anything was lost, doubled, or stuck, or has no explanation.
"""
