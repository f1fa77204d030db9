"""Proof by a run: the witness of a finding, carried out by the simulator on the documents."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Any, Final

from configsvc.analysis import native_system
from configsvc.analysis.bounds import Bounds
from configsvc.analysis.formats import finding_data
from configsvc.analysis.system import System as View
from configsvc.analysis.view import Traffic
from configsvc.model.experiments import Experiment, Fault
from configsvc.model.findings import EdgeId, Finding
from configsvc.resolve import Catalog, NodeId
from configsvc.simulate import (
    Arrivals,
    Node,
    Run,
    System,
    WorkId,
    measured,
    simulate,
    system_of,
    watched,
)

USUAL_RATE: Final = 20.0
"""Calls a second of one process where the documents do not say."""

MOST_STEPS: Final = 200_000

SMALL: Final = 30
"""Requests a second that a service bears which was scaled down."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a run showed of a finding.

    ``seen`` is the experiment's measure in the run, ``harmed`` whether it is out of bounds.
    ``calls``, ``attempts``, ``outcomes`` (of calls) and ``refused`` (of attempts) are of the edge
    that was called. ``cut_off``: the run grew too large and shows less than it could.
    """

    finding: Finding
    experiment: Experiment
    seed: int
    seen: float
    harmed: bool
    calls: int
    attempts: int
    outcomes: Mapping[str, int]
    refused: Mapping[str, int]
    cut_off: bool


class Prover:
    """Carries out witnesses on one set of documents."""

    def __init__(self, catalog: Catalog, *, seed: int = 1) -> None:
        self._catalog = catalog
        self._seed = seed

    def prove(self, finding: Finding) -> Proof | None:
        """Run the witness of a finding; None where it has none that can be run.

        Raises:
            NotSimulatedError: the policies on the way are ambiguous, or too much is reached.
        """
        experiment = None if finding.witness is None else finding.witness.run
        return None if experiment is None else self.run(finding, experiment)

    def run(self, finding: Finding, experiment: Experiment) -> Proof | None:
        """Carry out an experiment on what a finding is about; None where that cannot be called."""
        path, resource = _path(finding), finding.subject.resource
        if path:
            return self._over(path, finding, experiment)
        return None if resource is None else self._storm(finding, experiment, resource.name)

    def _over(self, path: tuple[EdgeId, ...], finding: Finding, experiment: Experiment) -> Proof:
        """Calls over the first of some edges, of which the last leads to the fault."""
        first, last = path[0], (path[-1].callee, path[-1].operation)
        arrivals = tuple(self._arrivals(experiment, first))
        followed = {(edge.callee, edge.operation) for edge in path[:-1]}
        if experiment.fault.where == "below":
            followed.add(last)
        edges = (*path, *(each.edge for each in arrivals))
        system = system_of(self._catalog, edges, only=frozenset(followed))
        run = simulate(
            system,
            arrivals,
            tuple(self._faults(experiment.fault, last)),
            seed=self._seed,
            extreme=experiment.extreme,
            most_steps=MOST_STEPS,
        )
        subject = watched(system, first, last, experiment.fault)
        seen = measured(run, experiment.measure, subject)
        return self._proof(finding, experiment, run, first, seen)

    def _storm(self, finding: Finding, experiment: Experiment, node: str) -> Proof | None:
        """A service under all of its callers, scaled down to one instance and one process each.

        Load and capacity keep their ratio, on which a storm depends; the floors of budgets do not.
        """
        graph = self._catalog.graph
        callers = sorted(e for c in graph.named_by(node) for e in graph.edges_of(c))
        edges = [edge for edge in callers if edge.callee == node]
        system = system_of(self._catalog, edges, only=frozenset())
        scale = _scale(system, node)
        if scale is None or not finding.edges:
            return None
        load = experiment.load
        arrivals = [
            Arrivals(edge, replace(load, rate=self._traffic(edge).all.low * scale))
            for edge in edges
        ]
        small = replace(system, nodes={**system.nodes, node: Node(per_second=SMALL)})
        works = {(edge.callee, edge.operation) for edge in edges}
        run = simulate(
            small,
            arrivals,
            [(work, experiment.fault) for work in sorted(works)],
            seed=self._seed,
            settling=load.duration,
            most_steps=MOST_STEPS,
        )
        first = finding.edges[0]
        subject = watched(small, first, (node, first.operation), experiment.fault)
        seen = measured(run, experiment.measure, subject)
        return self._proof(finding, experiment, run, first, seen)

    def _proof(
        self, finding: Finding, experiment: Experiment, run: Run, edge: EdgeId, seen: float
    ) -> Proof:
        record = run.edges[edge]
        ends = Counter(c.outcome if c.ended is not None else "unfinished" for c in record.calls)
        return Proof(
            finding=finding,
            experiment=experiment,
            seed=self._seed,
            seen=seen,
            harmed=experiment.harmed(seen),
            calls=len(record.calls),
            attempts=record.attempts,
            outcomes=dict(sorted(ends.items())),
            refused=dict(sorted(record.refused.items())),
            cut_off=run.cut_off,
        )

    def _faults(self, fault: Fault, last: WorkId) -> Iterator[tuple[WorkId, Fault]]:
        if fault.where == "callee":
            yield last, fault
            return
        for site in self._catalog.graph.sites(NodeId(*last)):
            yield (site.edge.callee, site.edge.operation), fault

    def _arrivals(self, experiment: Experiment, edge: EdgeId) -> Iterator[Arrivals]:
        """The load on the edge; the usual one comes with that of all edges of the pair."""
        load = experiment.load
        if not load.usual:
            yield Arrivals(edge, load)
            return
        pair = (e for e in self._catalog.graph.edges_of(edge.caller) if e.callee == edge.callee)
        for each in sorted(pair):
            yield Arrivals(each, replace(load, rate=self._rate(each)))

    def _traffic(self, edge: EdgeId) -> Traffic:
        return self._bounds.traffic(self._view.by_id[edge])

    def _rate(self, edge: EdgeId) -> float:
        """Calls a second of one process; `USUAL_RATE` where the documents do not say."""
        found = self._traffic(edge).per_process
        known = (rate for rate in (found.low, found.high) if rate > 0 and isfinite(rate))
        return next(known, USUAL_RATE)

    @cached_property
    def _view(self) -> View:
        return native_system(self._catalog)

    @cached_property
    def _bounds(self) -> Bounds:
        return Bounds(self._view)


def _scale(system: System, node: str) -> float | None:
    """By what a load shrinks with a service's capacity; None where no capacity is declared."""
    declared = system.nodes[node]
    if not declared.per_second:
        return None
    return SMALL / (declared.instances * declared.per_second)


def _path(finding: Finding) -> tuple[EdgeId, ...]:
    """The edges that a finding is about, from the way in; empty where it is about none."""
    subject = finding.subject
    return subject.path or (() if subject.edge is None else (subject.edge,))


def proof_data(proof: Proof) -> dict[str, Any]:
    """What a run showed, as JSON values."""
    return {
        "finding": finding_data(proof.finding),
        "seed": proof.seed,
        "measure": str(proof.experiment.measure),
        "seen": proof.seen,
        "atMost": proof.experiment.at_most,
        "atLeast": proof.experiment.at_least,
        "harmed": proof.harmed,
        "calls": proof.calls,
        "attempts": proof.attempts,
        "outcomes": dict(proof.outcomes),
        "refused": dict(proof.refused),
        "cutOff": proof.cut_off,
    }
