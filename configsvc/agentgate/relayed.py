"""The agents of relays, as these told of them last."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from configsvc.fleet import AgentRow, AgentState

MAX_AGENTS: Final = 200_000
"""Rows that are kept of all relays together; the longest untold go first."""

FRESH: Final = 150_000_000
"""Microseconds for which a row holds: a relay tells everything again each minute."""

_Key = tuple[str, str, str, str]


class _Told(NamedTuple):
    row: AgentRow
    at: int


class RelayedAgents:
    """Rows by relay and identity. Used by one thread. Times are microseconds.

    A relay may tell another process of this node the next time, so what was not told again for
    long is not known any more.
    """

    def __init__(self, largest: int = MAX_AGENTS) -> None:
        self._told: OrderedDict[_Key, _Told] = OrderedDict()
        self._largest = largest

    def take(self, relay: str, rows: Iterable[AgentRow], now: int) -> None:
        """Know these of a relay from now on; others that it told of before stay."""
        for row in rows:
            key = (relay, *row.identity)
            self._told[key] = _Told(row, now)
            self._told.move_to_end(key)
        while len(self._told) > self._largest:
            self._told.popitem(last=False)

    def lost(self, relay: str, now: int) -> None:
        """A relay has gone: nobody knows what its agents do until it is back."""
        for key, told in self._told.items():
            if key[0] == relay and told.row.disconnected is None:
                self._told[key] = _Told(_stale(told.row, now), told.at)

    def rows(self, now: int, namespace: str | None = None) -> Iterator[AgentRow]:
        """Every agent of a namespace (None: of all)."""
        for row, at in self._told.values():
            if namespace in {None, row.namespace}:
                yield row if now - at <= FRESH or row.disconnected else _stale(row, at)


def _stale(row: AgentRow, since: int) -> AgentRow:
    return replace(row, state=AgentState.STALE, disconnected=since)
