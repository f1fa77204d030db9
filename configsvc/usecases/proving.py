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
from configsvc.analysis.view import System as View
from configsvc.model.experiments import Experiment, Fault
from configsvc.model.findings import EdgeId, Finding
from configsvc.resolve import Catalog, NodeId
from configsvc.simulate import Arrivals, Run, WorkId, measured, simulate, system_of, watched

USUAL_RATE: Final = 20.0
"""Calls a second of one process where the documents do not say."""

MOST_STEPS: Final = 200_000


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
        path = _path(finding)
        return None if experiment is None or not path else self.run(finding, experiment, path)

    def run(self, finding: Finding, experiment: Experiment, path: tuple[EdgeId, ...]) -> Proof:
        """Carry out an experiment over a path of edges."""
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

    def _rate(self, edge: EdgeId) -> float:
        view = self._view.by_id.get(edge)
        if view is None:
            return USUAL_RATE
        found = self._bounds.traffic(view).per_process
        return next((rate for rate in (found.low, found.high) if rate > 0 and isfinite(rate)), 1.0)

    @cached_property
    def _view(self) -> View:
        return native_system(self._catalog)

    @cached_property
    def _bounds(self) -> Bounds:
        return Bounds(self._view)


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
