"""Since when findings are open: the first of the last changes in a row whose reports have them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import orjson

from configsvc.analysis import Report
from configsvc.store import Head, Namespaces, Revision

LOOK_BACK: Final = 200
"""Revisions that are looked back at; a finding that was open at all of them is older."""

KEPT: Final = 64
"""Namespaces of which the last answer is kept, so that the next one reads what is newer alone."""

_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Opened:
    """The change that opened a finding: its revision, and its time in microseconds.

    `older`: it was open already at that revision, the last that was looked at.
    """

    revision: int
    time: int
    older: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found at a head; `by_fingerprint` has every fingerprint of its findings."""

    head: Head
    report: Report
    found: Mapping[str, Opened]
    by_fingerprint: Mapping[str, Opened]


@dataclass(slots=True)
class _Search:
    """Findings by their first fingerprint, on the way back through the history."""

    open: dict[str, frozenset[str]]
    found: dict[str, Opened] = field(default_factory=dict)

    def go_back_to(self, record: Revision, seen: frozenset[str]) -> None:
        """Those that a revision's report lacks were opened after it."""
        self.open = {name: own for name, own in self.open.items() if not seen.isdisjoint(own)}
        opened = Opened(record.number, record.time)
        self.found.update(dict.fromkeys(self.open, opened))

    def take_over(self, known: Mapping[str, Opened]) -> None:
        """Those that are still open were opened when an earlier search says."""
        for name, own in self.open.items():
            earlier = [known[each] for each in own if each in known]
            if earlier:
                self.found[name] = min(earlier, key=lambda opened: opened.revision)
        self.open = {}

    def give_up(self) -> None:
        """Those that are still open are older than what was looked at."""
        for name in self.open:
            if name in self.found:
                self.found[name] = replace(self.found[name], older=True)


class Openings:
    """Looks findings up in the reports kept with changes. Safe to share between threads."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._known: dict[str, _Known] = {}

    def of(self, head: Head, report: Report) -> Mapping[str, Opened]:
        """When the open and waived findings of a head's report were opened.

        By the first fingerprint of each. One that no report of the history has, such as that of a
        rule which is new since, is absent.
        """
        known = self._known.get(head.namespace)
        if known is not None and known.report is report and known.head == head:
            return known.found
        prints = {
            each.fingerprints[0]: frozenset(each.fingerprints)
            for each in (*report.findings, *report.waived)
        }
        found = self._search(head, prints, known)
        every = {each: opened for name, opened in found.items() for each in prints[name]}
        self._keep(_Known(head, report, found, every))
        return found

    def _search(
        self, head: Head, prints: dict[str, frozenset[str]], known: _Known | None
    ) -> dict[str, Opened]:
        search = _Search(prints)
        same = known if known is not None and known.head.epoch == head.epoch else None
        for record in islice(self._back(head), LOOK_BACK):
            if not search.open:
                break
            if same is not None and record.number <= same.head.revision:
                search.take_over(same.by_fingerprint)
            elif (kept := self._namespaces.findings(record)) is not None:
                search.go_back_to(record, _fingerprints(kept))
        else:
            if head.revision > LOOK_BACK:
                search.give_up()
        return search.found

    def _back(self, head: Head) -> Iterator[Revision]:
        before = head.revision + 1
        while page := self._namespaces.history(head.namespace, before=before, limit=_PAGE):
            yield from page
            before = page[-1].number

    def _keep(self, known: _Known) -> None:
        self._known[known.head.namespace] = known
        while len(self._known) > KEPT:
            self._known.pop(next(iter(self._known)), None)


def _fingerprints(kept: bytes) -> frozenset[str]:
    """Of all findings of a kept report, waived ones too."""
    report = orjson.loads(kept)
    return frozenset(
        each
        for name in ("findings", "waived")
        for finding in report[name]
        for each in finding["fingerprints"]
    )
