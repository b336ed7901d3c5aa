"""Trials: programs that put many calls through faults, forks, hostile servers and clients, kills and random inputs.

    python -m tests.trials.faults --calls 24000
    python -m tests.trials.forks --calls 1800
    python -m tests.trials.kills --kills 25
    python -m tests.trials.starts --starts 1000 --processes 8
    python -m tests.trials.long_resumes --steps 100000
    python -m tests.trials.hostile --responses 13000
    python -m tests.trials.hostile_requests --requests 1500
    python -m tests.trials.fuzz --inputs 300000
    python -m tests.trials.sandbox_kills --kills 120 --clients 64
    python -m tests.trials.sandbox_requests --cases 13000
    python -m tests.trials.shared_limits --processes 3 --minutes 10 --per-minute 60
    python -m tests.trials.stop --seconds 10
    python -m tests.trials.bulk_kills --rows 10000
    python -m tests.trials.bulk_workers --rows 10000

Each prints its seed and its counts, and exits with 1 if anything was lost, doubled, wrong, leaked, or uncaught. The
test suite runs each one short, except `shared_limits` and `bulk_workers`: they need minutes. `mutants` plants faults
into the code, to find rules that no test holds.
"""
