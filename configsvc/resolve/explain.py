"""Why an edge has the policy it has: each field's value, who set it, and what that covers."""

from dataclasses import dataclass
from typing import Any

from configsvc import schema
from configsvc.model.names import POLICY_KINDS, Kind
from configsvc.model.policies import Leaf
from configsvc.model.resources import Source
from configsvc.resolve.catalog import Catalog
from configsvc.resolve.merge import Assignment, Merged


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One leaf: its value, its sources (none: the schema's default) and what they cover.

    ``contenders`` is empty unless the leaf is ambiguous; then it holds what each source says.
    """

    path: str
    value: Leaf
    sources: tuple[Source, ...]
    covered: tuple[Assignment, ...] = ()
    contenders: tuple[Assignment, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether no document sets it."""
        return not self.sources


@dataclass(frozen=True, slots=True)
class ExplainedKind:
    """All leaves of one kind.

    ``in_force`` False: policies exist, but one says ``enabled: false`` or none gives a leaf that
    the kind cannot do without.
    """

    kind: Kind
    in_force: bool
    fields: tuple[ExplainedField, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The effective policy of one edge with its reasons, without kinds that nothing targets."""

    caller: str
    callee: str | None
    operation: str
    kinds: tuple[ExplainedKind, ...]


def explain(catalog: Catalog, caller: str, callee: str | None, operation: str) -> Explanation:
    """Explain what ``caller``'s side of an edge gets."""
    policy = catalog.outbound(caller, callee, operation)
    merged = (policy.merged(kind) for kind in POLICY_KINDS)
    return Explanation(
        caller, callee, operation, tuple(explain_merged(m) for m in merged if m is not None)
    )


def explain_merged(merged: Merged[Any]) -> ExplainedKind:
    """Explain one kind; leaves without a value are left out."""
    written = frozenset(merged.written)
    fields = []
    for leaf in schema.leaves(merged.kind):
        covered = merged.covered_of(leaf.path)
        if leaf.path in written or covered:
            fields.append(_explained(merged, leaf.path, covered))
        elif leaf.default is not None:
            fields.append(ExplainedField(leaf.path, leaf.default, ()))
    return ExplainedKind(merged.kind, merged.value is not None, tuple(fields))


def _explained(merged: Merged[Any], path: str, covered: tuple[Assignment, ...]) -> ExplainedField:
    contenders = merged.assigned(path) if path in merged.ambiguous else ()
    return ExplainedField(path, merged.leaves[path], merged.sources_of(path), covered, contenders)
