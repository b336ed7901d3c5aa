"""What pictures say about a step in a run."""

from __future__ import annotations

from connector.flows.picture.markup import shortened
from connector.flows.run_timeline import TimelineRow
from connector.flows.show import STATE_MARKS

NAME_LENGTH = 34

WORDS = {"ignored": "failed, ignored", "killed": "did not end", "retrying": "running"}


def duration(seconds: float) -> str:
    """Return a duration such as `120 ms`, `3.4 s`, or `2:05 min`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)}:{int(seconds % 60):02} min"


def state_of(row: TimelineRow) -> str:
    """Return how a step ended: `✓ 3 done, 1 ignored`."""
    ends = [(state, count) for state, count in row.ends.items() if count]
    is_open = row.state not in row.ends
    if sum(row.ends.values()) > 1:
        words = ", ".join(f"{count:,} {state}" for state, count in ends)
        words = f"{words}, {_word(row.state)}" if is_open else words
    else:
        words = _word(row.state)
    return f"{STATE_MARKS.get(row.outcome, '…')} {words}"


def facts_of(row: TimelineRow) -> str:
    """Return how long a step took, how long it waited, and how often it was tried again."""
    facts = [duration(row.seconds)] if row.ended is not None else []
    if row.waited:
        facts.append(f"waited {duration(row.waited)}")
    if row.retries:
        facts.append(f"tried again {len(row.retries)}x")
    return ", ".join(facts)


def description(row: TimelineRow) -> str:
    """Return all that a row of a timeline shows, for those who cannot see it."""
    parts = (f"{name_of(row)}: {state_of(row)}", facts_of(row), row.text.partition("\n")[0])
    return ". ".join(part for part in parts if part)


def name_of(row: TimelineRow) -> str:
    """Return the name of a step, and the numbers of the iterations around it, as its path has them."""
    return " · ".join([shortened(row.step, NAME_LENGTH), *map(str, row.iterations)])


def _word(state: str) -> str:
    return WORDS.get(state, state)
