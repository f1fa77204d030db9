"""A latency histogram whose bounds never change, so that those of all processes can be added."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

_PER_OCTAVE: Final = 4
_OCTAVES: Final = 24

BOUNDS: Final = tuple(
    round(1_000 * 2 ** (step / _PER_OCTAVE)) for step in range(_PER_OCTAVE * _OCTAVES + 1)
)
"""Upper bounds of the buckets in microseconds: 1 ms to 4.7 h, each 19 % above the one before.

One more bucket takes what is longer.
"""


@dataclass(slots=True)
class Histogram:
    """Counts of latencies by bucket, and the longest one exactly."""

    counts: dict[int, int] = field(default_factory=dict)
    longest: int = 0

    def record(self, latency: int) -> None:
        """Count one latency, microseconds; a negative one (a clock set back) counts as 0."""
        bucket = bisect_left(BOUNDS, latency)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.longest = max(self.longest, latency)

    @property
    def count(self) -> int:
        """How many latencies were recorded."""
        return sum(self.counts.values())

    def percentile(self, share: int) -> int | None:
        """The latency that ``share`` percent do not exceed, microseconds; None without any.

        It is the upper bound of its bucket: at most 19 % too long, never too short.
        """
        wanted, seen = -(-self.count * share // 100), 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return self.longest if bucket == len(BOUNDS) else min(BOUNDS[bucket], self.longest)
        return None

    @classmethod
    def total(cls, parts: Iterable["Histogram"]) -> Self:
        """Add the counts of several; percentiles of the sum are right, averaged ones are not."""
        result = cls()
        for part in parts:
            for bucket, count in part.counts.items():
                result.counts[bucket] = result.counts.get(bucket, 0) + count
            result.longest = max(result.longest, part.longest)
        return result

    def to_json(self) -> dict[str, Any]:
        """As a JSON object: counts by the bucket's number, empty buckets left out."""
        counts = {str(bucket): count for bucket, count in sorted(self.counts.items())}
        return {"counts": counts, "longest": self.longest}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        counts = {int(bucket): int(count) for bucket, count in value["counts"].items()}
        if any(not 0 <= bucket <= len(BOUNDS) or count < 0 for bucket, count in counts.items()):
            raise ValueError(f"histogram with buckets {sorted(counts)} does not fit these bounds")
        return cls(counts, int(value["longest"]))
