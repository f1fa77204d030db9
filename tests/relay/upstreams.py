"""An upstream that a test fills, without a network."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from configsvc.relay import UpstreamError
from configsvc.relay.upstream import News


class FakeUpstream:
    """What a relay asks of its upstream."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.revisions: dict[tuple[str, int], bytes] = {}
        self.streams: list[list[News]] = []
        self.told: list[Mapping[str, Any]] = []
        self.rows: list[Mapping[str, Any]] = []
        self.fetched: list[str] = []
        self.away = False

    def news(self) -> Iterator[News]:
        """The next stream that a test has prepared; then none."""
        self._there()
        if not self.streams:
            raise UpstreamError("fake", "there is no further stream")
        yield from self.streams.pop(0)
        raise UpstreamError("fake", "the stream was ended")

    def blob(self, digest: str) -> bytes:
        """A blob."""
        self._there()
        self.fetched.append(digest)
        if digest not in self.blobs:
            raise UpstreamError("fake", "404", 404)
        return self.blobs[digest]

    def revision(self, namespace: str, number: int) -> bytes:
        """A record."""
        self._there()
        self.fetched.append(f"{namespace}@{number}")
        if (namespace, number) not in self.revisions:
            raise UpstreamError("fake", "404", 404)
        return self.revisions[namespace, number]

    def acks(self, counts: Sequence[Mapping[str, Any]]) -> None:
        """Take counts."""
        self._there()
        self.told.extend(counts)

    def agents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take rows."""
        self._there()
        self.rows.extend(rows)

    def close(self) -> None:
        """Nothing to give back."""

    def _there(self) -> None:
        if self.away:
            raise UpstreamError("fake", "cannot be reached")
