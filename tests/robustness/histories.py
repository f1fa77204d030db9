"""What an agent saw, held against what was committed: each promise of delivery by its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """A bundle as an agent had it in force."""

    version: int
    digest: str


def violations(history: Sequence[Seen], committed: Mapping[int, str]) -> list[str]:
    """The names of promises that a history breaks.

    Args:
        history: what one agent had in force, in order, from its start to a time at which nothing
            was left to be delivered.
        committed: the digest of every version that was ever acknowledged to its author.
    """
    versions = [each.version for each in history]
    broken = {
        "ordered": versions != sorted(versions),
        "unique": len(set(versions)) < len(versions),
        "atomic": any(committed.get(each.version) != each.digest for each in history),
        "reliable": max(committed, default=0) not in versions,
    }
    return [name for name, is_broken in broken.items() if is_broken]
