"""The present, in the forms that use cases need; injected, so that tests decide what it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """Reads one clock; `micros` gives microseconds since the Unix epoch."""

    micros: Callable[[], int]

    def now(self) -> datetime:
        """The present as an aware UTC time."""
        return as_time(self.micros())

    def today(self) -> date:
        """The present day in UTC."""
        return self.now().date()


def as_time(micros: int) -> datetime:
    """An instant of the store as an aware UTC time."""
    return datetime.fromtimestamp(micros / 1_000_000, UTC)


def rfc3339(micros: int) -> str:
    """An instant of the store as API text, to the millisecond."""
    return as_time(micros).isoformat(timespec="milliseconds").replace("+00:00", "Z")
