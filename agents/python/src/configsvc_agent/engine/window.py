"""What a breaker looks back on: the latest outcomes, by number or age, in bounded memory."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from configsvc_agent.engine.policy import Window as WindowPolicy

SEEN = 1
FAILED = 2
SLOW = 4
"""Bits of one outcome's mark; ``SEEN`` is always set, so that 0 is an empty place."""

_BUCKETS = 64
"""Age is measured to 1/64 of a time window."""


class OutcomeWindow(Protocol):
    """The last outcomes with their totals; ``steady`` if one more fast success changes nothing."""

    total: int
    failures: int
    slow: int

    @property
    def steady(self) -> bool:
        """Whether the window is full of fast successes."""

    def add(self, mark: int, now: int) -> None:
        """Count one outcome; what is too old by ``now`` is forgotten first."""

    def resized(self, size: int) -> OutcomeWindow:
        """A window of another size that keeps the latest outcomes that fit."""

    def snapshot(self) -> dict[str, Any]:
        """Plain values for :meth:`load`."""

    def load(self, saved: dict[str, Any]) -> None:
        """Take the outcomes of a snapshot; this window is empty and of the same size."""


class CountWindow:
    """The last ``size`` outcomes: a ring of one byte each."""

    __slots__ = ("_at", "_ring", "failures", "slow", "steady", "total")

    def __init__(self, size: int) -> None:
        self._ring = bytearray(size)
        self._at = 0
        self.total = 0
        self.failures = 0
        self.slow = 0
        self.steady = False

    def add(self, mark: int, now: int) -> None:
        """Replace the oldest outcome by this one."""
        ring = self._ring
        at = self._at
        old = ring[at]
        ring[at] = mark
        at += 1
        self._at = at if at < len(ring) else 0
        if mark != old:
            self._replace(old, mark)

    def _replace(self, old: int, new: int) -> None:
        self.total += not old
        self.failures += (new >> 1 & 1) - (old >> 1 & 1)
        self.slow += (new >> 2 & 1) - (old >> 2 & 1)
        self.steady = self.total == len(self._ring) and not self.failures and not self.slow

    def resized(self, size: int) -> CountWindow:
        """A window over ``size`` outcomes with the latest of these."""
        window = CountWindow(size)
        window._fill(self._oldest_first()[-size:])
        return window

    def _oldest_first(self) -> bytes:
        return bytes(self._ring[self._at :] + self._ring[: self._at]).lstrip(b"\0")

    def _fill(self, marks: bytes) -> None:
        """Take these outcomes, which fit; this window is empty."""
        self._ring[: len(marks)] = marks
        self._at = len(marks) % len(self._ring)
        self.total = len(marks)
        self.failures = marks.count(SEEN | FAILED) + marks.count(SEEN | FAILED | SLOW)
        self.slow = marks.count(SEEN | SLOW) + marks.count(SEEN | FAILED | SLOW)
        self.steady = self.total == len(self._ring) and not self.failures and not self.slow

    def snapshot(self) -> dict[str, Any]:
        """The outcomes, oldest first."""
        return {"kind": "count", "marks": list(self._oldest_first())}

    def load(self, saved: dict[str, Any]) -> None:
        """Take the outcomes of a snapshot; this window is empty and of the same size."""
        self._fill(bytes(saved["marks"]))


class TimeWindow:
    """The outcomes of the last ``size`` microseconds, in buckets of 1/64 of it.

    An outcome never counts for longer than ``size`` and for at least 63/64 of it, so what the
    window can hold is never more than rate times size.
    """

    __slots__ = ("_head", "_row", "_rows", "_turn", "_width", "failures", "slow", "total")

    steady: ClassVar = False  # each outcome raises the number that rates are taken of

    def __init__(self, size: int) -> None:
        buckets = min(_BUCKETS, size)
        self._width = size // buckets
        self._rows = [[0, 0, 0] for _ in range(buckets)]
        self._head = -1
        self._advance(0)
        self.total = 0
        self.failures = 0
        self.slow = 0

    def add(self, mark: int, now: int) -> None:
        """Count one outcome at ``now``; a clock that steps back counts in the latest bucket."""
        if now >= self._turn:
            self._advance(now // self._width)
        self._row[0] += 1
        self.total += 1
        if mark != SEEN:
            self._count(self._row, 0, mark >> 1 & 1, mark >> 2 & 1)

    def _count(self, row: list[int], total: int, failures: int, slow: int) -> None:
        row[0] += total
        row[1] += failures
        row[2] += slow
        self.total += total
        self.failures += failures
        self.slow += slow

    def _advance(self, bucket: int) -> None:
        """Make ``bucket`` the latest and empty those that it pushes out: at most all of them."""
        rows = self._rows
        for passed in range(self._head + 1, min(bucket, self._head + len(rows)) + 1):
            row = rows[passed % len(rows)]
            if row[0]:
                self._count(row, -row[0], -row[1], -row[2])
        self._head = bucket
        self._row = rows[bucket % len(rows)]
        self._turn = (bucket + 1) * self._width

    def resized(self, size: int) -> TimeWindow:
        """A window of ``size`` microseconds with what is young enough for it."""
        window = TimeWindow(size)
        for start, row in self._dated_rows():
            window._put(start, row)
        return window

    def _dated_rows(self) -> list[tuple[int, list[int]]]:
        """Non-empty buckets with the time at which each begins, oldest first."""
        count = len(self._rows)
        first = max(0, self._head - count + 1)
        rows = ((bucket, self._rows[bucket % count]) for bucket in range(first, self._head + 1))
        return [(bucket * self._width, row) for bucket, row in rows if row[0]]

    def _put(self, start: int, row: list[int]) -> None:
        bucket = start // self._width
        if bucket > self._head:
            self._advance(bucket)
        self._count(self._rows[bucket % len(self._rows)], *row)

    def snapshot(self) -> dict[str, Any]:
        """The latest bucket and the non-empty ones, each ``[begin, total, failures, slow]``."""
        rows = [[start, *row] for start, row in self._dated_rows()]
        return {"kind": "time", "head": self._head, "rows": rows}

    def load(self, saved: dict[str, Any]) -> None:
        """Take the outcomes of a snapshot; this window is empty and of the same size."""
        for start, *row in saved["rows"]:
            self._put(start, row)
        self._advance(max(saved["head"], self._head))


def empty_window(policy: WindowPolicy) -> CountWindow | TimeWindow:
    """A window as ``policy`` wants it, with nothing in it."""
    return CountWindow(policy.size) if policy.kind == "count" else TimeWindow(policy.size)
