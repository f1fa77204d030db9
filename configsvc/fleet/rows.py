"""One agent as the fleet view shows it, and what agents report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

POLL_SESSION = "poll"
"""The session of an agent that asks for its bundle now and then and has no stream."""


class AgentState(StrEnum):
    """How an agent stands to the bundle that it should hold."""

    PENDING = "pending"
    """It was sent, or will be once the agent reads, and not acknowledged yet."""
    APPLIED = "applied"
    REJECTED = "rejected"
    OVERRIDDEN = "overridden"
    """Stored, but masked by an override file on the agent's machine."""
    STALE = "stale"
    """Known within a day and connected nowhere."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """A circuit breaker inside an agent that is not closed, or was not lately."""

    edge: str
    state: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls of one agent along one of its edges, lately.

    Args:
        callee: whom it calls.
        operation: which of its operations.
        rate: calls per second.
        failures: those of them per second that did not end well.
    """

    callee: str
    operation: str
    rate: float
    failures: float


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What an agent says that it did with one bundle; `state` is never pending or stale."""

    version: int
    digest: str
    state: AgentState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgentReport:
    """One report of an agent; absent parts leave what was known before."""

    session: str
    reports: tuple[BundleReport, ...] = ()
    health: str | None = None
    language: str | None = None
    agent_version: str | None = None
    breakers: tuple[Breaker, ...] | None = None
    traffic: tuple[Traffic, ...] | None = None
    latency_p99: int | None = None


@dataclass(slots=True)
class AgentRow:
    """What is known of one agent. Times are microseconds since the Unix epoch.

    Args:
        namespace: where its service lives.
        service: whose agent it is.
        instance: its own name for its process.
        session: its stream, or `POLL_SESSION`.
        connected_since: when the stream began.
        last_heard: when it last sent anything.
        version: version of the bundle that it holds, 0 if unknown.
        digest: digest of that bundle, empty if unknown.
        wanted_version: version that it should hold.
        wanted_digest: digest that it should hold, empty if its service has no bundle.
        wanted_since: when that was committed.
        state: how it stands to that bundle.
        reason: why it rejected the bundle, empty otherwise.
        health: ``ready``, ``stale`` or ``failed`` as it says itself, empty before its first report.
        language: what the agent is written in.
        agent_version: the agent's version.
        breakers: its circuit breakers as last reported.
        labels: what it says of itself when it connects, such as its zone.
        traffic: its calls per second as last reported.
        latency_p99: microseconds that 99 % of those calls did not exceed, None without any.
        disconnected: when it was lost, None while it is connected.
    """

    namespace: str
    service: str
    instance: str
    session: str
    connected_since: int
    last_heard: int
    version: int = 0
    digest: str = ""
    wanted_version: int = 0
    wanted_digest: str = ""
    wanted_since: int = 0
    state: AgentState = AgentState.PENDING
    reason: str = ""
    health: str = ""
    language: str = ""
    agent_version: str = ""
    breakers: tuple[Breaker, ...] = ()
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    traffic: tuple[Traffic, ...] = ()
    latency_p99: int | None = None
    disconnected: int | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """Namespace, service and instance."""
        return (self.namespace, self.service, self.instance)

    def lag(self, now: int) -> int:
        """Microseconds for which the agent has not had the bundle that it should; 0 if it has."""
        if self.state in {AgentState.APPLIED, AgentState.OVERRIDDEN} or not self.wanted_since:
            return 0
        return max(0, now - self.wanted_since)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object, for `from_json`."""
        return {
            "namespace": self.namespace,
            "service": self.service,
            "instance": self.instance,
            "session": self.session,
            "connectedSince": self.connected_since,
            "lastHeard": self.last_heard,
            "version": self.version,
            "digest": self.digest,
            "wantedVersion": self.wanted_version,
            "wantedDigest": self.wanted_digest,
            "wantedSince": self.wanted_since,
            "state": self.state.value,
            "reason": self.reason,
            "health": self.health,
            "language": self.language,
            "agentVersion": self.agent_version,
            "breakers": [{"edge": each.edge, "state": each.state} for each in self.breakers],
            "latencyP99": self.latency_p99,
            "labels": dict(self.labels),
            "traffic": [
                {
                    "to": each.callee,
                    "operation": each.operation,
                    "rate": each.rate,
                    "failures": each.failures,
                }
                for each in self.traffic
            ],
            "disconnected": self.disconnected,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        return cls(
            namespace=value["namespace"],
            service=value["service"],
            instance=value["instance"],
            session=value["session"],
            connected_since=value["connectedSince"],
            last_heard=value["lastHeard"],
            version=value["version"],
            digest=value["digest"],
            wanted_version=value["wantedVersion"],
            wanted_digest=value["wantedDigest"],
            wanted_since=value["wantedSince"],
            state=AgentState(value["state"]),
            reason=value["reason"],
            health=value["health"],
            language=value["language"],
            agent_version=value["agentVersion"],
            breakers=tuple(Breaker(each["edge"], each["state"]) for each in value["breakers"]),
            latency_p99=value.get("latencyP99"),
            labels=value.get("labels", {}),
            traffic=tuple(
                Traffic(each["to"], each["operation"], each["rate"], each["failures"])
                for each in value.get("traffic", ())
            ),
            disconnected=value["disconnected"],
        )
