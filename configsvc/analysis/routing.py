"""Routes as rules see them: what each takes, in the order in which they are tried."""

from collections.abc import Iterator
from dataclasses import dataclass

from configsvc.analysis.conflict import Provenance
from configsvc.model.names import Key
from configsvc.resolve.matching import PathTemplate, Requests

PUBLIC: frozenset[str] = frozenset()
"""What a route without authentication asks of a caller."""


@dataclass(frozen=True, slots=True)
class RouteView:
    """One route of a gateway.

    ``order`` is what decides when it is tried, apart from its name: lower is earlier. ``requests``
    are as the client sends them. ``asks`` is what a caller must have; fewer is weaker. ``leads`` is
    where the requests go, and as what; ``reaches`` the operations that they meet there.
    """

    key: Key
    provenance: Provenance
    order: tuple[object, ...]
    hosts: tuple[str, ...]
    requests: Requests
    headers: tuple[tuple[str, str], ...]
    asks: frozenset[str]
    limits: tuple[str, ...]
    leads: tuple[object, ...]
    reaches: tuple[tuple[str, str], ...]
    weights: tuple[int, ...]
    rewritten: bool

    def covers(self, other: "RouteView") -> bool:
        """Whether every request that ``other`` takes is one that this route takes."""
        return (
            all(any(_host_covers(mine, host) for mine in self.any_host) for host in other.any_host)
            and set(self.headers) <= set(other.headers)
            and covers(self.requests, other.requests)
        )

    def meets(self, other: "RouteView") -> bool:
        """Whether some request is taken by both routes."""
        return (
            any(_hosts_meet(mine, host) for mine in self.any_host for host in other.any_host)
            and _headers_meet(dict(self.headers), dict(other.headers))
            and self.requests.intersects(other.requests)
        )

    @property
    def any_host(self) -> tuple[str, ...]:
        """The hosts that it is for, ``*`` if it is for all."""
        return self.hosts or ("*",)


def covers(wide: Requests, narrow: Requests) -> bool:
    """Whether ``wide`` takes every request that ``narrow`` does."""
    if wide.methods and (not narrow.methods or not set(narrow.methods) <= set(wide.methods)):
        return False
    return _path_covers(wide.path, narrow.path)


def _path_covers(wide: PathTemplate, narrow: PathTemplate) -> bool:
    if len(wide.segments) > len(narrow.segments):
        return False
    if not all(_segments_cover(wide, narrow)):
        return False
    longer = len(narrow.segments) > len(wide.segments) or narrow.rest
    return wide.rest or not longer


def _segments_cover(wide: PathTemplate, narrow: PathTemplate) -> Iterator[bool]:
    for mine, theirs in zip(wide.segments, narrow.segments, strict=False):
        yield theirs != "" if mine is None else mine == theirs


def _host_covers(wide: str, narrow: str) -> bool:
    if wide in ("*", narrow):
        return True
    return wide.startswith("*.") and narrow != "*" and narrow.endswith(wide[1:])


def _hosts_meet(one: str, two: str) -> bool:
    return _host_covers(one, two) or _host_covers(two, one)


def _headers_meet(one: dict[str, str], two: dict[str, str]) -> bool:
    return all(two.get(name, value) == value for name, value in one.items())
