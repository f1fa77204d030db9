"""Gathers what checks find and what they could not decide."""

from configsvc.analysis.conflict import Conflict, Provenance
from configsvc.analysis.hits import Hit
from configsvc.analysis.readers import Surroundings, missing_data
from configsvc.analysis.rule import Rule
from configsvc.analysis.scenario import Outcome, Undecided
from configsvc.analysis.view import EdgeView
from configsvc.model.findings import EdgeId, NotEvaluated, Subject


class Collector:
    """The outcomes of one analysis, in the order in which they came."""

    def __init__(self, namespace: str, surroundings: Surroundings) -> None:
        self.hits: list[Hit] = []
        self._namespace = namespace
        self._surroundings = surroundings
        self._undecided: dict[tuple[str, frozenset[str]], list[Subject]] = {}
        # Equal edges share an outcome: they are kept by its identity and named at the end.
        self._undecided_edges: dict[int, tuple[Rule, Undecided, list[EdgeView]]] = {}

    def add_edge(self, rule: Rule, outcome: Outcome, view: EdgeView) -> None:
        """Take one outcome of ``rule`` about one edge."""
        if isinstance(outcome, Undecided):
            known = self._undecided_edges.get(id(outcome))
            if known is None:
                known = self._undecided_edges[id(outcome)] = (rule, outcome, [])
            known[2].append(view)
        elif outcome is not None:
            self._hit(rule, outcome, Subject(edge=view.id), view.provenance, (view.id,))

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

    def not_evaluated(self) -> tuple[NotEvaluated, ...]:
        """What could not be decided: one entry for all that misses the same kind of datum."""
        entries = [_entry(code, missing, s) for (code, missing), s in self._undecided.items()]
        by_kind: dict[tuple[str, frozenset[str]], list[EdgeView]] = {}
        for rule, outcome, views in self._undecided_edges.values():
            by_kind.setdefault((rule.code, outcome.missing), []).extend(views)
        entries += [self._edges(code, kind, views) for (code, kind), views in by_kind.items()]
        return tuple(sorted(entries, key=lambda entry: (entry.code, entry.missing)))

    def _edges(self, code: str, kind: frozenset[str], views: list[EdgeView]) -> NotEvaluated:
        missing = (missing_data(kind, view, self._surroundings) for view in views)
        names = tuple(sorted(frozenset().union(*missing)))
        edges = tuple(sorted(view.id for view in views))
        return NotEvaluated(code, Subject(edge=edges[0]), names, edges)

    def _hit(
        self,
        rule: Rule,
        conflict: Conflict,
        subject: Subject,
        provenance: Provenance | None,
        edges: tuple[EdgeId, ...],
    ) -> None:
        subject = conflict.subject or subject
        fingerprint = f"{rule.code} {self._namespace} {subject} {conflict.detail}".rstrip()
        hit = Hit(rule, conflict, subject, conflict.edges or edges, provenance, fingerprint)
        if hit.written:
            self.hits.append(hit)


def _entry(code: str, missing: frozenset[str], subjects: list[Subject]) -> NotEvaluated:
    edges = {edge for subject in subjects for edge in (subject.edge, *subject.path) if edge}
    first = min(subjects, key=str)
    return NotEvaluated(code, first, tuple(sorted(missing)), tuple(sorted(edges)))
