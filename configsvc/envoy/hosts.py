"""Which routes a host gets: Envoy picks the host first, and the order of the routes holds in it."""

from collections.abc import Iterator, Sequence
from typing import Final

from configsvc.model.routing import Route

EVERY_HOST: Final = "*"

Named = tuple[str, Route]
"""A route with its name."""


def by_host(routes: Sequence[Named]) -> Iterator[tuple[str, list[Named]]]:
    """Every pattern that some route names, and ``*``, each with the routes of its hosts.

    A host has the routes of every pattern that takes it, in the order of ``routes``.
    """
    places: dict[str, list[int]] = {EVERY_HOST: []}
    for place, (_, route) in enumerate(routes):
        for host in route.hosts or (EVERY_HOST,):
            places.setdefault(host, []).append(place)
    for pattern in places:
        found = sorted({place for each in _wider(pattern) for place in places.get(each, ())})
        if found:
            yield pattern, [routes[place] for place in found]


def _wider(pattern: str) -> Iterator[str]:
    """The pattern itself, and those that take every host of it."""
    yield pattern
    labels = pattern.removeprefix("*.").split(".")
    for start in range(1, len(labels)):
        yield "*." + ".".join(labels[start:])
    if pattern != EVERY_HOST:
        yield EVERY_HOST
