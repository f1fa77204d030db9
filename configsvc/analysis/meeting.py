"""Which routes of a gateway may take one request: found by host and path, not by trying all pairs.

A gateway may have thousands of routes, of which few meet.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from configsvc.analysis.routing import RouteView
from configsvc.resolve.matching import PathTemplate

_ALL = "*"


@dataclass(slots=True)
class _Node:
    """A place in the tree of paths; ``ends`` and ``rests`` are routes by their position."""

    below: dict[str | None, "_Node"] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    rests: list[int] = field(default_factory=list)

    def add(self, path: PathTemplate, position: int) -> None:
        """Take a route."""
        node = self
        for segment in path.segments:
            node = node.below.setdefault(segment, _Node())
        (node.rests if path.rest else node.ends).append(position)

    def meeting(self, path: PathTemplate, depth: int = 0) -> Iterator[int]:
        """The routes whose path may meet one, from a depth of it on."""
        yield from self.rests
        if depth == len(path.segments):
            yield from self.everything() if path.rest else self.ends
            return
        segment = path.segments[depth]
        names: Iterable[str | None] = self.below if segment is None else (segment, None)
        for name in names:
            if (node := self.below.get(name)) is not None:
                yield from node.meeting(path, depth + 1)

    def everything(self) -> Iterator[int]:
        """The routes that end here or below."""
        yield from self.ends
        for node in self.below.values():
            yield from node.rests
            yield from node.everything()


class Meetings:
    """The routes of one gateway, in the order in which they are tried."""

    def __init__(self, routes: Sequence[RouteView]) -> None:
        self._routes = routes
        self._hosts: dict[str, _Node] = {}
        for position, route in enumerate(routes):
            for host in route.any_host:
                self._hosts.setdefault(host, _Node()).add(route.requests.path, position)
        self._wild = [host for host in self._hosts if host.startswith(_ALL)]

    def before(self, position: int) -> Iterator[RouteView]:
        """The routes before one that may meet it, in their order: no other one does."""
        route = self._routes[position]
        trees = (self._hosts[host] for host in self._hosts_near(route))
        found = {each for tree in trees for each in tree.meeting(route.requests.path)}
        return (self._routes[each] for each in sorted(found) if each < position)

    def _hosts_near(self, route: RouteView) -> set[str]:
        if any(host.startswith(_ALL) for host in route.any_host):
            return set(self._hosts)
        return {*self._wild, *(host for host in route.any_host if host in self._hosts)}


def undecided(routes: Sequence[RouteView]) -> Iterator[tuple[RouteView, RouteView]]:
    """Pairs that overlap, neither in the other, where nothing but the name says who is first."""
    meetings = Meetings(routes)
    for position, second in enumerate(routes):
        for first in meetings.before(position):
            if first.order != second.order or not first.meets(second):
                continue
            if not (first.covers(second) or second.covers(first)):
                yield first, second
