"""Gathers what checks find and what they could not decide."""

from dataclasses import dataclass, field

from configsvc.analysis.conflict import Conflict, Provenance
from configsvc.analysis.hits import Hit
from configsvc.analysis.rule import Rule
from configsvc.analysis.scenario import Outcome, Undecided
from configsvc.model.findings import EdgeId, NotEvaluated, Subject


@dataclass(slots=True)
class Collector:
    """The outcomes of one analysis, in the order in which they came."""

    namespace: str
    hits: list[Hit] = field(default_factory=list)
    _undecided: dict[tuple[str, frozenset[str]], list[Subject]] = field(default_factory=dict)

    def add(
        self,
        rule: Rule,
        outcome: Outcome,
        subject: Subject,
        provenance: Provenance | None = None,
        edges: tuple[EdgeId, ...] = (),
    ) -> None:
        """Take one outcome of ``rule`` about ``subject``."""
        if isinstance(outcome, Undecided):
            self._undecided.setdefault((rule.code, outcome.missing), []).append(subject)
        elif outcome is not None:
            self._hit(rule, outcome, subject, provenance, edges)

    def _hit(
        self,
        rule: Rule,
        conflict: Conflict,
        subject: Subject,
        provenance: Provenance | None,
        edges: tuple[EdgeId, ...],
    ) -> None:
        subject = conflict.subject or subject
        fingerprint = f"{rule.code} {self.namespace} {subject} {conflict.detail}".rstrip()
        hit = Hit(rule, conflict, subject, conflict.edges or edges, provenance, fingerprint)
        if hit.written:
            self.hits.append(hit)

    def not_evaluated(self) -> tuple[NotEvaluated, ...]:
        """What could not be decided: one entry per rule and missing data, with all edges."""
        entries = (
            _entry(code, missing, subjects) for (code, missing), subjects in self._undecided.items()
        )
        return tuple(sorted(entries, key=lambda entry: (entry.code, entry.missing)))


def _entry(code: str, missing: frozenset[str], subjects: list[Subject]) -> NotEvaluated:
    edges = tuple(sorted(subject.edge for subject in subjects if subject.edge is not None))
    return NotEvaluated(code, min(subjects, key=str), tuple(sorted(missing)), edges)
