"""A hit: one conflict at one place, before waivers and folding; and its finding."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from configsvc.analysis.conflict import REMOVE, Conflict, Evidence, Provenance, Repair
from configsvc.analysis.report import Mark
from configsvc.analysis.rule import Rule
from configsvc.analysis.view import POLICIES
from configsvc.model.findings import EdgeId, Finding, Fix, Place, Severity, Subject
from configsvc.model.resources import Source


@dataclass(frozen=True, eq=False, slots=True)
class Hit:
    """A conflict, the rule that found it, and where it stands. Compares by identity."""

    rule: Rule
    conflict: Conflict
    subject: Subject
    edges: tuple[EdgeId, ...]
    provenance: Provenance | None
    fingerprint: str
    sources: frozenset[Source] = field(init=False)
    """Where its policy fields were written; all of its fields where none is a policy's."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", self._sources())

    @property
    def severity(self) -> Severity:
        """How bad it is here."""
        return self.conflict.severity or self.rule.severity

    @property
    def mark(self) -> Mark:
        """How bad it is: what a later report is compared with."""
        return Mark(self.severity, self.conflict.magnitude)

    def like(self, other: "Hit") -> bool:
        """Whether both say the same, and neither depends on where an edge's fields were written."""
        return (
            self.conflict == other.conflict
            and self.edges == other.edges
            and self.provenance is None is other.provenance
            and not self.conflict.evidence
            and not other.conflict.evidence
        )

    def evidence(self) -> Iterable[tuple[Evidence, Provenance | None]]:
        """Every field that takes part, with who knows where it was written."""
        for name, text in self.conflict.fields.items():
            yield Evidence(name, text), self.provenance
        for item in self.conflict.evidence:
            yield item, item.owner or self.provenance

    def _sources(self) -> frozenset[Source]:
        found: list[tuple[str, tuple[Source, ...]]] = [
            (item.field, owner.sources(item.field)) for item, owner in self.evidence() if owner
        ]
        policies = [sources for name, sources in found if _is_policy(name)]
        chosen = policies or [sources for _, sources in found]
        return frozenset(source for sources in chosen for source in sources)

    @property
    def written(self) -> bool:
        """Whether some document wrote what the conflict is about."""
        if self.rule.absence or self.conflict.places:
            return True
        return bool(self.sources) or not (self.conflict.fields or self.conflict.evidence)

    def places(self) -> tuple[Place, ...]:
        """Both ends of the conflict, in the order of its fields."""
        written = (
            Place(source.resource, source.pointer, f"{item.field} {item.text}")
            for item, owner in self.evidence()
            if owner is not None
            for source in owner.sources(item.field)
        )
        return tuple(dict.fromkeys((*self.conflict.places, *written)))


def finding_of(
    hit: Hit,
    *,
    edges: tuple[EdgeId, ...] = (),
    fingerprints: tuple[str, ...] = (),
    consequences: tuple[Finding, ...] = (),
    waived_by: str | None = None,
) -> Finding:
    """The finding of ``hit``, which speaks for the same mistake on further ``edges``."""
    return Finding(
        code=hit.rule.code,
        name=hit.rule.name,
        severity=hit.severity,
        magnitude=hit.conflict.magnitude,
        subject=hit.subject,
        message=message_of(hit.rule, hit.conflict),
        arguments=hit.conflict.arguments,
        places=hit.places(),
        witness=hit.conflict.witness,
        fix=_fix(hit),
        fingerprints=fingerprints or (hit.fingerprint,),
        consequences=consequences,
        edges=edges or tuple(sorted(set(hit.edges))),
        waived_by=waived_by,
    )


def message_of(rule: Rule, conflict: Conflict) -> str:
    """The rule's message with the numbers of this conflict."""
    text = rule.message.format_map(conflict.arguments)
    return f"{text} (even if {' and '.join(conflict.even_if)})" if conflict.even_if else text


_POLICY_PARTS = frozenset({*POLICIES, "admission"})


def _is_policy(name: str) -> bool:
    return name.partition(".")[0] in _POLICY_PARTS


def _fix(hit: Hit) -> Fix | None:
    repair = hit.conflict.repair
    if repair is None:
        return None
    owner = repair.owner or hit.provenance
    if owner is None:
        return None
    sources = owner.sources(repair.field)
    if len(sources) == 1:
        return Fix(sources[0].resource, (_operation(repair, sources[0].pointer),), repair.title)
    home = () if sources else owner.home(repair.field)
    if not home or repair.value is REMOVE:
        return None
    *parents, leaf = home
    created: tuple[dict[str, Any], ...] = tuple(
        {"op": "add", "path": parent.pointer, "value": {}} for parent in parents
    )
    added = {"op": "add", "path": leaf.pointer, "value": repair.value}
    return Fix(leaf.resource, (*created, added), repair.title)


def _operation(repair: Repair, pointer: str) -> Mapping[str, Any]:
    if repair.value is REMOVE:
        return {"op": "remove", "path": pointer}
    return {"op": "replace", "path": pointer, "value": repair.value}
