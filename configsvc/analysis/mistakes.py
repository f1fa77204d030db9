"""What is wrong between documents: fields with two values of one rank, references to nothing."""

from collections.abc import Iterator
from difflib import get_close_matches

from configsvc.analysis.provenance import KINDS, EdgeProvenance
from configsvc.analysis.text import decimal, listed, share, span
from configsvc.analysis.view import AmbiguousEdge, MissingReference
from configsvc.model.findings import EdgeId
from configsvc.model.names import Kind
from configsvc.model.policies import EffectiveValue, Leaf, Lifted, Rate, Window
from configsvc.model.quantities import WHOLE
from configsvc.resolve import Catalog, Dangling, Fault, Merged, dangling
from configsvc.schema import leaves

UNDECLARED = "undeclared"
"""The callee of the calls that no document declares."""

_CALLERS = frozenset({Kind.SERVICE, Kind.BFF})


def ambiguous_edge(edge: EdgeId, provenance: EdgeProvenance) -> AmbiguousEdge | None:
    """The fields of an edge that two documents of one rank set differently, if there are any.

    What a caller does for undeclared calls counts as an edge.
    """
    policy = provenance.policy
    if not policy.is_ambiguous:
        return None
    values: dict[str, tuple[str, ...]] = {}
    for part, kind in KINDS.items():
        merged = policy.merged(kind)
        if merged is not None:
            values |= {f"{part}.{leaf}": _said(merged, leaf) for leaf in merged.ambiguous}
    return AmbiguousEdge(edge, provenance, values)


def _said(merged: Merged[EffectiveValue | None], leaf: str) -> tuple[str, ...]:
    """What the documents say of a leaf, each value once."""
    kind = next(spec.type for spec in leaves(merged.kind) if spec.path == leaf)
    said = (_worded(kind, assignment.value) for assignment in merged.assigned(leaf))
    return tuple(dict.fromkeys(said))


def _worded(kind: str, value: Leaf) -> str:
    """A value much as a document writes it."""
    if isinstance(value, Lifted):
        return value.value
    if isinstance(value, tuple):
        return listed(list(value))
    if isinstance(value, Window):
        return f"{value.kind} {span(value.size) if value.kind == 'time' else value.size}"
    if isinstance(value, Rate):
        return f"{value.limit} in {span(value.period)}"
    shown = {"duration": span, "share": share, "multiplier": _factor}.get(kind)
    return shown(value) if shown is not None and isinstance(value, int) else str(value)


def _factor(ppm: float) -> str:
    return decimal(ppm / WHOLE)


def missing_references(catalog: Catalog) -> Iterator[MissingReference]:
    """Every reference to what the namespace does not have."""
    for reference in dangling(catalog):
        what, known = _named(catalog, reference)
        yield MissingReference(
            reference.resource,
            reference.pointer,
            what,
            tuple(get_close_matches(reference.operation or reference.name, known)),
            is_call=reference.resource.kind in _CALLERS and reference.fault in _CALL_FAULTS,
        )


_CALL_FAULTS = frozenset({Fault.UNKNOWN_NODE, Fault.UNKNOWN_OPERATION})


def _named(catalog: Catalog, reference: Dangling) -> tuple[str, tuple[str, ...]]:
    """What a reference names, and the names that it could have meant."""
    name = reference.name
    match reference.fault:
        case Fault.UNKNOWN_NODE:
            return f"a Service, Gateway or Bff {name!r}", tuple(catalog.nodes)
        case Fault.UNKNOWN_OPERATION:
            return f"operation {reference.operation!r} of {name}", tuple(
                catalog.nodes[name].operations
            )
        case Fault.UNKNOWN_GATEWAY:
            return f"a Gateway {name!r}", tuple(catalog.gateways)
        case Fault.UNKNOWN_AUTHENTICATION:
            return f"an Authentication {name!r}", tuple(catalog.authentications)
        case Fault.UNKNOWN_RATE_LIMIT:
            return f"a RateLimit {name!r}", tuple(catalog.policies(Kind.RATE_LIMIT))
        case Fault.TARGETED_RATE_LIMIT:
            return f"a RateLimit {name!r} without a target of its own", ()
