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
        self._waivers = waivers
        self._today = today
        self._matched: Counter[Key] = Counter()
        self._by_code: dict[str, list[tuple[Key, Waiver]]] = {}
        for key, waiver in sorted(waivers.items()):
            self._by_code.setdefault(waiver.code, []).append((key, waiver))

    def apply(self, hits: Iterable[Hit]) -> None:
        """Mark each hit that a waiver accepts."""
        for hit in hits:
            for key, waiver in self._by_code.get(hit.rule.code, ()):
                self._try(hit, key, waiver)

    def uses(self) -> tuple[WaiverUse, ...]:
        """How many hits each waiver matched."""
        return tuple(
            WaiverUse(key, waiver, self._matched[key], self._today)
            for key, waiver in sorted(self._waivers.items())
        )

    def _try(self, hit: Hit, key: Key, waiver: Waiver) -> None:
        if not hit.rule.waivable or not _matches(waiver, hit):
            return
        self._matched[key] += 1
        if hit.waived_by is None and waiver.expires >= self._today:
            hit.waived_by = key.name


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
