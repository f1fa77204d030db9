"""Which fixes of findings may be applied: those that make things better and nothing worse."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from configsvc.analysis import Report, Standing, new_findings
from configsvc.analysis.patching import PatchError, apply_patch
from configsvc.cli.examining import Examination
from configsvc.model.findings import Finding
from configsvc.model.names import Key
from configsvc.schema import InvalidDocumentError, load_value, read

ROUNDS: Final = 10
"""How often what is left after fixes is looked at again: a fix may show what it hid."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Resources after some fixes, and what the rules say of them."""

    standing: Standing
    report: Report
    values: Mapping[Key, Any]


@dataclass(slots=True)
class Fixing:
    """What came of the fixes of an examination.

    `values` are the documents after them, `applied` the findings that are gone, `refused` those
    whose fix would not have cleared them, or not without something new as bad.
    """

    values: Mapping[Key, Any] = field(default_factory=dict)
    applied: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)


def fix(examination: Examination) -> Fixing:
    """Apply what fixes there are to the documents of the files, without writing any."""
    return _Fixer(examination).run()


class _Fixer:
    def __init__(self, examination: Examination) -> None:
        self._examination = examination
        self._now = Repaired(examination.standing, examination.report, {})
        self._result = Fixing()
        self._refused: set[str] = set()

    def run(self) -> Fixing:
        for _ in range(ROUNDS):
            candidates = list(self._candidates())
            if not candidates or not self._accept(candidates):
                break
        self._result.values = self._now.values
        return self._result

    def _candidates(self) -> Iterator[Finding]:
        """Findings that count, with a fix of a document that is in a file."""
        report = self._now.report
        for baseline in self._examination.known:
            report = baseline.narrow(report)
        for finding in report.findings:
            in_file = finding.fix and finding.fix.resource in self._examination.sources.documents
            if in_file and finding.fingerprints[0] not in self._refused:
                yield finding

    def _accept(self, findings: Sequence[Finding]) -> bool:
        """Take the fixes if together they are good, else halve; whether any was taken."""
        repaired = self._try(findings)
        if repaired is not None:
            self._now = repaired
            self._result.applied.extend(findings)
            return True
        if len(findings) == 1:
            self._refused.add(findings[0].fingerprints[0])
            self._result.refused.extend(findings)
            return False
        middle = len(findings) // 2
        parts = (findings[:middle], findings[middle:])
        return any([self._accept(part) for part in parts])  # noqa: C419 each has its turn

    def _try(self, findings: Sequence[Finding]) -> Repaired | None:
        """The resources after the fixes; None: they do not fit, do not help, or do harm."""
        before = self._now
        open_still = [f for f in findings if f.fingerprints[0] in before.report.marks]
        try:
            after = self._apply(open_still)
        except (PatchError, InvalidDocumentError):
            return None
        if any(f.fingerprints[0] in after.report.marks for f in findings):
            return None
        least = min(finding.severity for finding in findings)
        return None if new_findings(after.report, before.report, least=least) else after

    def _apply(self, findings: Sequence[Finding]) -> Repaired:
        values = dict(self._now.values)
        for finding in findings:
            if finding.fix is None:
                continue
            key = finding.fix.resource
            value = values.get(key, self._examination.sources.documents[key].value)
            values[key] = apply_patch(value, finding.fix.patch)
        puts = [
            read(load_value(value, origin=str(key)), today=self._examination.today)
            for key, value in values.items()
            if value != self._now.values.get(key)
        ]
        standing, today = self._now.standing, self._examination.today
        changed = standing.catalog.with_change(puts)
        after = standing.after(changed, [put.key for put in puts])
        return Repaired(after, after.report(today), values)
