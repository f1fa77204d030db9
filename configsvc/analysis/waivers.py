"""Waivers: which findings are accepted, and what became of each waiver."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from fnmatch import fnmatchcase

from configsvc.analysis.hits import Hit
from configsvc.analysis.view import WaiverUse
from configsvc.model.findings import EdgeId, Place
from configsvc.model.names import Key
from configsvc.model.trust import Waiver


class Waivers:
    """The waivers of a namespace on one day; an expired one silences nothing."""

    def __init__(self, waivers: Mapping[Key, Waiver], today: date) -> None:
        self.given = waivers
        self.today = today
        self._by_code: dict[str, list[tuple[Key, Waiver]]] = {}
        for key, waiver in sorted(waivers.items()):
            self._by_code.setdefault(waiver.code, []).append((key, waiver))

    def matching(self, hit: Hit) -> tuple[Key, ...]:
        """The waivers that are about a hit, expired or not, by name."""
        about = self._by_code.get(hit.rule.code)
        if about is None or not hit.rule.waivable:
            return ()
        return tuple(key for key, waiver in about if _matches(waiver, hit))

    def accepting(self, matching: Iterable[Key]) -> str | None:
        """The name of the first of some waivers that holds today."""
        return next((key.name for key in matching if self._holds(key)), None)

    def uses(self, matched: Iterable[Iterable[Key]]) -> tuple[WaiverUse, ...]:
        """How many hits each waiver is about; ``matched``: for each hit those that are."""
        count = Counter(key for keys in matched for key in keys)
        return tuple(
            WaiverUse(key, waiver, count[key], self.today)
            for key, waiver in sorted(self.given.items())
        )

    def _holds(self, key: Key) -> bool:
        return self.given[key].expires >= self.today


def _matches(waiver: Waiver, hit: Hit) -> bool:
    if waiver.pointers:
        return any(_matches_place(waiver, place) for place in hit.places())
    if waiver.resource is not None:
        return any(fnmatchcase(str(name), waiver.resource) for name in _resources(hit))
    parts = (waiver.caller, waiver.callee, waiver.operation)
    if parts == (None, None, None):
        return True
    return any(_matches_edge(parts, edge) for edge in hit.edges)


def _matches_place(waiver: Waiver, place: Place) -> bool:
    if not fnmatchcase(str(place.resource), waiver.resource or "*"):
        return False
    return any(f"{place.pointer}/".startswith(f"{part}/") for part in waiver.pointers)


def _matches_edge(parts: tuple[str | None, ...], edge: EdgeId) -> bool:
    names = (edge.caller, edge.callee, edge.operation)
    return all(
        pattern is None or fnmatchcase(name, pattern)
        for name, pattern in zip(names, parts, strict=True)
    )


def _resources(hit: Hit) -> set[Key]:
    subject = {hit.subject.resource} if hit.subject.resource is not None else set()
    return subject | {place.resource for place in hit.places()}
