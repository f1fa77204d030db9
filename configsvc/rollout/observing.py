"""What the members of a rollout do with the candidate, from the rows of the fleet."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from configsvc.fleet import AgentRow, AgentState
from configsvc.rollout.membership import is_member
from configsvc.rollout.progress import Rollout


@dataclass(frozen=True, slots=True)
class Observation:
    """The members of a rollout whose service it concerns: those connected, and those just lost.

    Args:
        agents: connected agents of those services, members or not.
        states: how many members stand how to the candidate.
        rejections: why members rejected it, and how many.
        open_breakers: members with at least one open breaker.
        calls: that members make in a second, and `failures` those of them that do not end well.
        latencies: what 99 % of the calls of a member did not exceed, in microseconds, of each that
            makes any.
        incomplete: processes and nodes that did not say what they know.
        vanished: when members were lost that had been given the candidate, microseconds since the
            Unix epoch; of those alone that were lost since the rollout is judged.
    """

    agents: int
    states: Mapping[AgentState, int]
    rejections: Mapping[str, int]
    open_breakers: int
    calls: float
    failures: float
    latencies: tuple[int, ...]
    incomplete: tuple[str, ...]
    vanished: tuple[int, ...]

    @property
    def members(self) -> int:
        """How many there are."""
        return sum(self.states.values())

    def count(self, state: AgentState) -> int:
        """Members in a state."""
        return self.states.get(state, 0)


def observe(
    rollout: Rollout,
    digests: Mapping[str, str],
    rows: Iterable[AgentRow],
    incomplete: tuple[str, ...] = (),
) -> Observation:
    """Look at the fleet.

    Args:
        rollout: whose members.
        digests: the candidate's bundles, by the services whose bundle it alters.
        rows: every known agent of the namespace.
        incomplete: who did not answer.
    """
    concerned = [row for row in rows if row.service in digests]
    present = [row for row in concerned if row.disconnected is None]
    members = [row for row in present if is_member(rollout, row.instance, row.labels)]
    states = Counter(_state(row, digests[row.service]) for row in members)
    return Observation(
        agents=len(present),
        states=states,
        rejections=Counter(row.reason for row in members if row.state is AgentState.REJECTED),
        open_breakers=sum(any(b.state == "open" for b in row.breakers) for row in members),
        calls=sum(each.rate for row in members for each in row.traffic),
        failures=sum(each.failures for row in members for each in row.traffic),
        latencies=tuple(row.latency_p99 for row in members if row.latency_p99 is not None),
        incomplete=incomplete,
        vanished=tuple(_vanished(rollout, digests, concerned)),
    )


def _vanished(
    rollout: Rollout, digests: Mapping[str, str], rows: Iterable[AgentRow]
) -> Iterator[int]:
    for row in rows:
        if (
            row.disconnected is not None
            and row.disconnected >= rollout.judged
            and row.wanted_digest == digests[row.service]
            and is_member(rollout, row.instance, row.labels)
        ):
            yield row.disconnected


def _state(row: AgentRow, digest: str) -> AgentState:
    """How a member stands to the candidate; what it says of another bundle says nothing of this."""
    return row.state if row.wanted_digest == digest else AgentState.PENDING
