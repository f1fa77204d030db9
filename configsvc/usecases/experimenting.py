"""Trying things out under virtual time: what faults would do, before anything is published."""

from dataclasses import dataclass

from configsvc.access import Principal, Right
from configsvc.analysis.timeline import Timeline, timeline
from configsvc.model.findings import EdgeId, Finding
from configsvc.resolve import Catalog
from configsvc.schema import InvalidDocumentError
from configsvc.simulate import NotSimulatedError
from configsvc.simulate.impact import EdgeImpact, edge_impact
from configsvc.usecases.changes import Change, check_count
from configsvc.usecases.errors import UnknownFindingError
from configsvc.usecases.inspecting import check_edge
from configsvc.usecases.moment import Moment
from configsvc.usecases.proposing import propose, read_documents
from configsvc.usecases.proving import Proof, Prover
from configsvc.usecases.workspace import Workspaces


@dataclass(frozen=True, slots=True)
class EdgeTrial:
    """An edge as it is, or as a change would make it: its picture, and what faults do to it."""

    timeline: Timeline
    impact: EdgeImpact


class Laboratory:
    """Runs simulations over a namespace; changes nothing."""

    def __init__(self, workspaces: Workspaces, moment: Moment) -> None:
        self._workspaces = workspaces
        self._moment = moment

    def edge(
        self,
        who: Principal,
        namespace: str,
        edge: EdgeId,
        change: Change,
        *,
        rate: float | None = None,
        seed: int = 1,
    ) -> EdgeTrial:
        """Run a hang, an error burst and a slow callee against an edge.

        Args:
            who: needs the right to check.
            namespace: where the edge is.
            edge: which calls.
            change: unsaved documents to put on top of the head, if any.
            rate: calls a second of one process of the caller.
            seed: decides every draw.

        Raises:
            InvalidDocumentError, InvalidChangeError: the change cannot be put on top of the head.
            UnknownEdgeError: an end of the edge does not exist.
            NotSimulatedError: the edge's policies are ambiguous or contradict each other.
        """
        who.require(namespace, Right.CHECK)
        catalog = self._catalog(namespace, change)
        check_edge(catalog, edge)
        impact = edge_impact(catalog, edge, rate=rate, seed=seed)
        return EdgeTrial(timeline(catalog, edge), impact)

    def prove(self, who: Principal, namespace: str, fingerprint: str, *, seed: int = 1) -> Proof:
        """Run the witness of one of today's findings of the head.

        Raises:
            UnknownFindingError: no finding of the head has the fingerprint.
            NotSimulatedError: it has no witness that can be run, or its policies cannot be.
        """
        who.require(namespace, Right.CHECK)
        workspace = self._workspaces.at_head(namespace)
        report = self._workspaces.report(workspace, self._moment.today())
        for finding in (*report.findings, *report.waived):
            if fingerprint in finding.fingerprints:
                return _proven(Prover(workspace.catalog, seed=seed), finding)
        raise UnknownFindingError(fingerprint)

    def _catalog(self, namespace: str, change: Change) -> Catalog:
        workspace = self._workspaces.at_head(namespace)
        if not change.put and not change.delete:
            return workspace.catalog
        check_count(change)
        reading = read_documents(change.put, self._moment.today())
        if reading.errors:
            raise InvalidDocumentError(reading.errors)
        return propose(change, reading.puts, workspace).after


def _proven(prover: Prover, finding: Finding) -> Proof:
    proof = prover.prove(finding)
    if proof is None:
        raise NotSimulatedError(
            f"no run shows {finding.code} ({finding.name}): its witness is in words only"
        )
    return proof
