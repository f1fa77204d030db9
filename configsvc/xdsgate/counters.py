"""What the process counts; names and meanings stand in `configsvc.fleet.metrics`."""

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """Numbers since the start; ``last_push_seconds`` is a time, in seconds since the Unix epoch."""

    streams_opened: int = 0
    pushes: int = 0
    acks: int = 0
    nacks: int = 0
    last_push_seconds: float = 0.0

    def pushed(self, now: int) -> None:
        """Count a response that was written, at ``now`` in microseconds since the Unix epoch."""
        self.pushes += 1
        self.last_push_seconds = now / 1_000_000

    def answered(self, *, refused: bool) -> None:
        """Count a client's answer to a response."""
        if refused:
            self.nacks += 1
        else:
            self.acks += 1

    def to_json(self, streams: int) -> dict[str, float]:
        """All of them, with the number of open streams."""
        return {"streams": streams, **asdict(self)}
