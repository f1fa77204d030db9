"""What rules found, unit by unit: an edge, an operation, a node, a path, or the whole system."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from configsvc.analysis.conflict import Conflict, Provenance
from configsvc.analysis.hits import Hit
from configsvc.analysis.readers import Surroundings, missing_data
from configsvc.analysis.rule import Rule
from configsvc.analysis.scenario import Outcome, Undecided
from configsvc.analysis.view import EdgeView
from configsvc.model.findings import EdgeId, NotEvaluated, Subject

Unit = tuple[str, Hashable]
"""What rules are run on: the shape, and the name of one of it."""

_GapKey = tuple[str, frozenset[str], bool]


@dataclass(frozen=True, slots=True)
class Gap:
    """What one rule could not decide about one unit, and the fields that it misses there.

    ``kind`` is what it misses in general: one entry tells of all gaps of a rule and a kind.
    """

    code: str
    kind: frozenset[str]
    names: frozenset[str]
    subject: Subject
    of_edge: bool = False

    @property
    def key(self) -> _GapKey:
        """What is told together."""
        return self.code, self.kind, self.of_edge


@dataclass(frozen=True, slots=True)
class Found:
    """What rules found in one unit."""

    hits: tuple[Hit, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hits or self.gaps)


NOTHING: Final = Found()


class Finder:
    """Turns outcomes of rules into what was found."""

    def __init__(self, namespace: str, surroundings: Surroundings) -> None:
        self._namespace = namespace
        self._surroundings = surroundings
        self._names: dict[frozenset[str], frozenset[str]] = {}

    def on_edge(self, view: EdgeView, outcomes: Iterable[tuple[Rule, Outcome]]) -> Found:
        """What rules found on one edge."""
        hits: list[Hit] = []
        gaps: list[Gap] = []
        subject = Subject(edge=view.id)
        for rule, outcome in outcomes:
            if isinstance(outcome, Undecided):
                names = missing_data(outcome.missing, view, self._surroundings)
                names = self._names.setdefault(names, names)  # of deep graphs they are long
                gaps.append(Gap(rule.code, outcome.missing, names, subject, of_edge=True))
            elif outcome is not None:
                hits += self._hit(rule, outcome, subject, view.provenance, (view.id,))
        return Found(tuple(hits), tuple(gaps)) if hits or gaps else NOTHING

    def on(
        self,
        subject: Subject,
        outcomes: Iterable[tuple[Rule, Outcome]],
        provenance: Provenance | None = None,
        edges: tuple[EdgeId, ...] = (),
    ) -> Found:
        """What rules found on anything else; ``edges`` are those that it is about."""
        hits: list[Hit] = []
        gaps: list[Gap] = []
        for rule, outcome in outcomes:
            if isinstance(outcome, Undecided):
                gaps.append(Gap(rule.code, outcome.missing, outcome.missing, subject))
            elif outcome is not None:
                hits += self._hit(rule, outcome, subject, provenance, edges)
        return Found(tuple(hits), tuple(gaps)) if hits or gaps else NOTHING

    def _hit(
        self,
        rule: Rule,
        conflict: Conflict,
        subject: Subject,
        provenance: Provenance | None,
        edges: tuple[EdgeId, ...],
    ) -> tuple[Hit, ...]:
        """The hit of a conflict; none where no document wrote what it is about."""
        subject = conflict.subject or subject
        fingerprint = f"{rule.code} {self._namespace} {subject} {conflict.detail}".rstrip()
        hit = Hit(rule, conflict, subject, conflict.edges or edges, provenance, fingerprint)
        return (hit,) if hit.written else ()


@dataclass(frozen=True, slots=True)
class Everything:
    """All that was found in one system. Immutable: changed units give another one.

    ``entries`` tell what could not be decided: one for all gaps that are told together.
    """

    units: Mapping[Unit, Found] = field(default_factory=dict)
    gaps: Mapping[_GapKey, Mapping[Unit, Gap]] = field(default_factory=dict)
    entries: Mapping[_GapKey, NotEvaluated] = field(default_factory=dict)

    def after(self, changed: Mapping[Unit, Found]) -> "Everything":
        """All that was found, with other findings in some units."""
        units, gaps = dict(self.units), dict(self.gaps)
        touched: dict[_GapKey, dict[Unit, Gap]] = {}
        for unit, found in changed.items():
            was = self.units.get(unit, NOTHING).gaps
            for gap in was:
                if gap not in found.gaps:
                    _opened(gap.key, gaps, touched).pop(unit, None)
            for gap in found.gaps:
                if gap not in was:
                    _opened(gap.key, gaps, touched)[unit] = gap
            if found:
                units[unit] = found
            else:
                units.pop(unit, None)
        entries = dict(self.entries)
        for key, here in touched.items():
            _store(key, here, gaps, entries)
        return Everything(units, gaps, entries)

    def hits(self) -> tuple[Hit, ...]:
        """All hits."""
        return tuple(hit for found in self.units.values() for hit in found.hits)

    def not_evaluated(self) -> tuple[NotEvaluated, ...]:
        """What could not be decided."""
        return tuple(sorted(self.entries.values(), key=_order))


def _order(entry: NotEvaluated) -> tuple[object, ...]:
    return entry.code, entry.missing, str(entry.subject), entry.edges


def _opened(
    key: _GapKey,
    gaps: Mapping[_GapKey, Mapping[Unit, Gap]],
    touched: dict[_GapKey, dict[Unit, Gap]],
) -> dict[Unit, Gap]:
    """The gaps of one key, copied before they are changed for the first time."""
    found = touched.get(key)
    if found is None:
        found = touched[key] = dict(gaps.get(key, {}))
    return found


def _store(
    key: _GapKey,
    here: dict[Unit, Gap],
    gaps: dict[_GapKey, Mapping[Unit, Gap]],
    entries: dict[_GapKey, NotEvaluated],
) -> None:
    if here:
        gaps[key] = here
        entries[key] = _entry(key[0], tuple(here.values()))
    else:
        gaps.pop(key, None)
        entries.pop(key, None)


def _entry(code: str, gaps: tuple[Gap, ...]) -> NotEvaluated:
    names = tuple(sorted(frozenset().union(*{gap.names for gap in gaps})))
    subjects = [gap.subject for gap in gaps]
    edges = {edge for subject in subjects for edge in (subject.edge, *subject.path) if edge}
    ordered = tuple(sorted(edges))
    of_edges = gaps[0].of_edge
    first = Subject(edge=ordered[0]) if of_edges else min(subjects, key=str)
    return NotEvaluated(code, first, names, ordered)
