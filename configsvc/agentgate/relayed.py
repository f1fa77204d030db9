"""The agents of relays, as these told of them last."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from configsvc.fleet import AgentRow, AgentState

MAX_AGENTS: Final = 200_000
"""Rows that are kept of all relays together; the longest untold go first."""

_Key = tuple[str, str, str, str]


class RelayedAgents:
    """Rows by relay and identity. Used by one thread."""

    def __init__(self, largest: int = MAX_AGENTS) -> None:
        self._rows: OrderedDict[_Key, AgentRow] = OrderedDict()
        self._largest = largest

    def take(self, relay: str, rows: Iterable[AgentRow]) -> None:
        """Know these of a relay from now on; others that it told of before stay."""
        for row in rows:
            key = (relay, *row.identity)
            self._rows[key] = row
            self._rows.move_to_end(key)
        while len(self._rows) > self._largest:
            self._rows.popitem(last=False)

    def lost(self, relay: str, now: int) -> None:
        """A relay has gone: nobody knows what its agents do until it is back."""
        for key, row in self._rows.items():
            if key[0] == relay and row.disconnected is None:
                self._rows[key] = replace(row, state=AgentState.STALE, disconnected=now)

    def rows(self, namespace: str | None = None) -> Iterator[AgentRow]:
        """Every agent of a namespace (None: of all)."""
        return (r for r in self._rows.values() if namespace in {None, r.namespace})
