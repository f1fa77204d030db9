"""Tells the upstream what the relay's agents do: only what differs from what it was told."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Final

from configsvc.errors import ConfigsvcError
from configsvc.fleet import AgentRow
from configsvc.relay.upstream import Upstream

_log = logging.getLogger("configsvc.relay")

EVERY: Final = 2.0
"""Seconds between two looks at the agents."""

AGAIN: Final = 60.0
"""Seconds after which everything is told again: the upstream may have been started anew."""

_BATCH: Final = 50
"""Rows of one request: they fit into its 64 KiB."""

_Identity = tuple[str, str, str]


class Reporter:
    """A thread that looks and tells.

    Args:
        upstream: whom to tell.
        look: every agent that the relay knows.
        clock: seconds that never go back.
        stream: tells the upstream's streams apart; with a new one everything is told again.
    """

    def __init__(
        self,
        upstream: Upstream,
        look: Callable[[], Iterable[AgentRow]],
        clock: Callable[[], float],
        stream: Callable[[], object] = lambda: None,
    ) -> None:
        self._upstream = upstream
        self._look = look
        self._clock = clock
        self._stream = stream
        self._told: dict[_Identity, dict[str, Any]] = {}
        self._told_on = stream()
        self._all_at = clock() + AGAIN
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay-report", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(5.0)

    def report(self) -> int:
        """Tell what differs; return of how many agents. Raises `UpstreamError`."""
        now, stream = self._clock(), self._stream()
        if now >= self._all_at or stream != self._told_on:
            self._told.clear()
            self._all_at, self._told_on = now + AGAIN, stream
        rows = {row.identity: row.to_json() for row in self._look()}
        news = [(who, row) for who, row in rows.items() if self._told.get(who) != row]
        for part in _batches(news):
            self._upstream.agents([row for _, row in part])
            self._told.update(part)
        return len(news)

    def _run(self) -> None:
        while not self._stopping.wait(EVERY):
            try:
                self.report()
            except ConfigsvcError as error:
                _log.debug("what agents do was not told: %s", error)
                self._told.clear()
            except Exception:  # noqa: BLE001 a bug here must not end reporting for good
                _log.exception("reporting failed")


def _batches(
    news: Sequence[tuple[_Identity, dict[str, Any]]],
) -> Iterable[list[tuple[_Identity, dict[str, Any]]]]:
    items = iter(news)
    while part := list(islice(items, _BATCH)):
        yield part
