"""Where agents can go that are sent away: to the other nodes that say where agents reach them."""

import logging
from collections.abc import Callable

from configsvc.errors import ConfigsvcError
from configsvc.fleet import node_records
from configsvc.store import Store, layout

_log = logging.getLogger("configsvc.agentgate")


class Elsewhere:
    """Remembers the addresses of live nodes, so that a process that stops need not ask for them.

    Args:
        store: where nodes are recorded.
        own: this node's own address, which is named to nobody.
    """

    def __init__(self, store: Store, own: str) -> None:
        self._nodes = node_records(store)
        self._own = own
        self._urls: tuple[str, ...] = ()

    def look(self) -> None:
        """Read who is there; waits for the store. Where it cannot be read, nothing changes."""
        try:
            found = {kept.value.agents for kept in self._nodes.list(layout.NODES)}
        except ConfigsvcError as error:
            _log.debug("the other nodes cannot be read: %s", error)
            return
        self._urls = tuple(sorted(found - {self._own, ""}))

    def url(self, random: Callable[[], float]) -> str:
        """The address of one of the others, by chance; empty if none is known."""
        return self._urls[int(random() * len(self._urls))] if self._urls else ""
