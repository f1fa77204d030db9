"""Systems of a fleet that changes over: some of it runs the old revision, some the new one.

What a caller does comes from the revision that it runs, what is true of a callee from the
callee's. Two views result: the callers of one revision before the callees of the other, and both
revisions side by side, in which a request may meet either at every hop.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

from configsvc.analysis.conflict import Provenance
from configsvc.analysis.system import System
from configsvc.analysis.view import (
    POLICIES,
    CallView,
    EdgeView,
    MissingReference,
    NodeView,
    WorkId,
    WorkView,
)
from configsvc.model.findings import EdgeId
from configsvc.model.names import ANY_OPERATION
from configsvc.model.resources import Source

OF_CALLEE: Final = ("idempotence", "latency", "operation", "callee", "admission")
"""Parts of an edge that are the callee's."""

_said = attrgetter(*POLICIES, *OF_CALLEE, "caller")


@dataclass(frozen=True, slots=True, eq=False)
class MixedProvenance:
    """Where the fields of an edge were written whose ends run different revisions."""

    caller: Provenance
    callee: Provenance

    def sources(self, field: str) -> tuple[Source, ...]:
        """Return where ``field`` was written, in the documents of the end that it belongs to."""
        return self._of(field).sources(field)

    def home(self, _: str) -> tuple[Source, ...]:
        """Return nothing: a document that some instances no longer read is no place for a fix."""
        return ()

    def _of(self, field: str) -> Provenance:
        return self.callee if field.partition(".")[0] in OF_CALLEE else self.caller


def mixed(callers: System, callees: System) -> System:
    """The callers of one revision before the callees of another.

    Operations are as their callers run them: what they declare of themselves and whom they call.
    A callee that the other revision does not have is as the callers know it.
    """
    known = {(e.id.callee, e.id.operation): e for e in callees.edges}
    edges = {edge.id: _mixed_edge(edge, known, callees) for edge in callers.edges}
    works = {name: _over(work, edges) for name, work in callers.works.items()}
    nodes = {name: _ends(node, edges, callees.nodes) for name, node in callers.nodes.items()}
    return replace(
        callers,
        edges=tuple(edges.values()),
        works=works,
        nodes=nodes,
        references=tuple(_gone(callers, callees)),
    )


def side_by_side(old: System, new: System) -> System:
    """Both revisions at once: every operation makes the calls of both."""
    works = {name: _united(old.works.get(name), work) for name, work in new.works.items()}
    works |= {name: work for name, work in old.works.items() if name not in works}
    calls = (call.edge for work in works.values() for call in work.calls)
    return replace(
        new,
        edges=tuple({id(edge): edge for edge in calls}.values()),
        works=works,
        routes={},
        policies=(),
        ambiguous=(),
        references=(),
    )


def _mixed_edge(edge: EdgeView, known: Mapping[WorkId, EdgeView], callees: System) -> EdgeView:
    other = known.get((edge.id.callee, edge.id.operation))
    if other is not None:
        parts = {part: getattr(other, part) for part in OF_CALLEE}
        return replace(edge, provenance=MixedProvenance(edge.provenance, other.provenance), **parts)
    node = callees.nodes.get(edge.id.callee)
    if node is None:
        return edge
    return replace(
        edge, provenance=MixedProvenance(edge.provenance, edge.provenance), callee=node.facts
    )


def _over(work: WorkView, edges: Mapping[EdgeId, EdgeView]) -> WorkView:
    calls = tuple(replace(call, edge=edges[call.edge.id]) for call in work.calls)
    return replace(work, calls=calls)


def _ends(
    node: NodeView, edges: Mapping[EdgeId, EdgeView], callees: Mapping[str, NodeView]
) -> NodeView:
    """A node as its callers meet it: with its own facts, and with their edges."""
    return replace(
        callees.get(node.name, node),
        incoming=tuple(edges[edge.id] for edge in node.incoming),
        outgoing=tuple(edges[edge.id] for edge in node.outgoing),
    )


def _gone(callers: System, callees: System) -> Iterator[MissingReference]:
    """The calls of operations that their callee does not have in the other revision."""
    for work in callers.works.values():
        node = callers.nodes[work.node]
        for number, call in enumerate(work.calls):
            name, operation = call.edge.id.callee, call.edge.id.operation
            there = callees.nodes.get(name)
            if work.alternatives or there is None or operation == ANY_OPERATION:
                continue
            names = tuple(o for owner, o in callees.works if owner == name and o != ANY_OPERATION)
            if operation not in names:
                pointer = f"/calls/{number}/operation"
                what = f"operation {operation!r} of {name}"
                yield MissingReference(
                    node.key, f"{_base(work)}{pointer}", what, names, is_call=True
                )


def _base(work: WorkView) -> str:
    """The pointer to the part of a document that declares an operation."""
    return next((source.pointer for source in work.provenance.home("calls")), "").removesuffix(
        "/calls"
    )


def _united(old: WorkView | None, new: WorkView) -> WorkView:
    if old is None:
        return new
    return replace(new, calls=(*new.calls, *_differing(old.calls, new.calls)))


def _differing(old: Iterable[CallView], new: Iterable[CallView]) -> Iterator[CallView]:
    """The old calls that the new ones are not equal to."""
    said = {call.edge.id: (_how(call), _said(call.edge)) for call in new}
    for call in old:
        if said.get(call.edge.id) != (_how(call), _said(call.edge)):
            yield call


def _how(call: CallView) -> tuple[object, ...]:
    return call.optional, call.default
