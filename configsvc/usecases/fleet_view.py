"""The fleet: who runs what right now, and how far a change has come."""

from collections.abc import Callable
from dataclasses import dataclass

from configsvc.access import Principal, Right
from configsvc.fleet import AckCounts, AgentRow, FleetAnswer, total
from configsvc.registry import Instance, records
from configsvc.store import Namespaces, Records, Store, layout
from configsvc.usecases.fleet_truth import held_against_the_store


@dataclass(frozen=True, slots=True)
class ConvergenceView:
    """How far a change has come; `counts` None: no agent's bundle changed, or none was there."""

    revision: int
    counts: AckCounts | None


class FleetView:
    """Answers what agents hold.

    `ask` asks every agent-facing process about a namespace, `ask_own` only those of this node.
    """

    def __init__(
        self,
        store: Store,
        namespaces: Namespaces,
        ask: Callable[[str], FleetAnswer],
        ask_own: Callable[[str], FleetAnswer],
    ) -> None:
        self._registry: Records[Instance] = records(store)
        self._acks: Records[AckCounts] = Records(store, AckCounts.to_json, AckCounts.from_json)
        self._namespaces = namespaces
        self._ask = ask
        self._ask_own = ask_own

    def instances(self, who: Principal, namespace: str) -> FleetAnswer:
        """Every known agent of the namespace, and the processes that did not answer in time."""
        who.require(namespace, Right.READ)
        answer = self._ask(namespace)
        rows = held_against_the_store(answer.rows, self._namespaces, namespace)
        return FleetAnswer(tuple(sorted(rows, key=_order)), answer.incomplete)

    def own(self, who: Principal, namespace: str) -> FleetAnswer:
        """What this node alone knows, as its processes answer; for the other nodes."""
        who.require(namespace, Right.READ)
        return self._ask_own(namespace)

    def registered(self, who: Principal, namespace: str) -> tuple[Instance, ...]:
        """Every registered instance of the namespace, by service and id."""
        who.require(namespace, Right.READ)
        return tuple(each.value for each in self._registry.list(layout.instances(namespace)))

    def convergence(self, who: Principal, namespace: str, revision: int) -> ConvergenceView:
        """The sum of what all processes counted for a change; raises `UnknownRevisionError`."""
        who.require(namespace, Right.READ)
        self._namespaces.record(namespace, revision)
        kept = self._acks.list(layout.acks(namespace, revision))
        return ConvergenceView(revision, total(each.value for each in kept))


def _order(row: AgentRow) -> tuple[str, str]:
    return (row.service, row.instance)
