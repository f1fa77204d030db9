"""Registered instances of services, and what may be an instance's address."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Any, Final, Literal, Self, TypeAlias, cast

from configsvc.errors import InputError

InstanceState: TypeAlias = Literal["up", "lost", "suspect"]
"""``up``: its stream is open, or was when the record was written. ``lost``: its stream has ended;
the grace runs. ``suspect``: so many were lost at once that health checks decide."""

MAX_LABELS: Final = 16
_MAX_LABEL: Final = 63
_MAX_PORT: Final = 65_535
_OWNER: Final = 8
"""Characters of a session, after its process id, that tell one process from another."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One registered instance. It disappears only by decision, see `Expiry`.

    Args:
        namespace: where it lives.
        service: what it is an instance of.
        id: its agent's name for its process.
        address: ``host:port`` where it serves; the host is an IP address, in brackets if it is v6.
        session: the stream to which its life is tied.
        registered: when; microseconds since the Unix epoch.
        labels: what its service says of it.
        state: see `InstanceState`.
        healthy: what the last health check said; True without one.
    """

    namespace: str
    service: str
    id: str
    address: str
    session: str
    registered: int
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    state: InstanceState = "up"
    healthy: bool = True

    @property
    def owner(self) -> str:
        """The process that has its stream, see `owner_of`."""
        return owner_of(self.session)

    def to_json(self) -> dict[str, Any]:
        """Plain values for the store."""
        return {
            "namespace": self.namespace,
            "service": self.service,
            "id": self.id,
            "address": self.address,
            "session": self.session,
            "registered": self.registered,
            "labels": dict(self.labels),
            "state": self.state,
            "healthy": self.healthy,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` described. Raises KeyError, TypeError or ValueError for anything else."""
        state = value["state"]
        if state not in ("up", "lost", "suspect"):
            raise ValueError(f"{state!r} is no state of an instance")
        return cls(
            namespace=str(value["namespace"]),
            service=str(value["service"]),
            id=str(value["id"]),
            address=str(value["address"]),
            session=str(value["session"]),
            registered=int(value["registered"]),
            labels=MappingProxyType({str(k): str(v) for k, v in dict(value["labels"]).items()}),
            state=cast("InstanceState", state),
            healthy=bool(value["healthy"]),
        )

    def told(self) -> dict[str, Any]:
        """What callers are told of it."""
        return {
            "id": self.id,
            "address": self.address,
            "labels": dict(self.labels),
            "healthy": self.healthy,
        }


def owner_of(session: str) -> str:
    """The process that opened a session: its id, and what tells it from later ones of that id."""
    process, _, rest = session.partition("-")
    return f"{process}-{rest[:_OWNER]}"


def version_of(instances: Iterable[Instance]) -> int:
    """A number that is equal where callers are told the same of a service; 0 where it has none.

    It depends on the content alone, so all nodes, also after a restart, say the same.
    """
    lines = sorted(
        f"{each.id}\0{each.address}\0{each.healthy}\0{sorted(each.labels.items())}"
        for each in instances
    )
    if not lines:
        return 0
    digest = hashlib.sha256("\n".join(lines).encode()).digest()
    return int.from_bytes(digest[:6], "big") or 1


def combined(versions: Iterable[int]) -> int:
    """One number for what a caller should know of all services that it calls."""
    result = 0
    for version in versions:
        result ^= version
    return result


def address_of(host: str, port: int) -> str:
    """An address as `Instance` has it.

    Raises:
        InputError: the host is no IP address or the port is none.
    """
    if not 1 <= port <= _MAX_PORT:
        raise InputError(f"the port {port} is none: use 1 to {_MAX_PORT}")
    address = ip_address_of(host)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def ip_address_of(host: str) -> str:
    """An IP address in its one spelling; a v4 address inside a v6 one is the v4 address.

    Raises:
        InputError: the text is no IP address.
    """
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError as exc:
        raise InputError(
            f"the host {host[:64]!r} is no IP address: register the address on which callers "
            "reach this instance, or leave it out"
        ) from exc
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def is_allowed(host: str, allow: Iterable[str]) -> bool:
    """Whether an IP address lies in one of the networks of a service's ``discovery.allow``."""
    address = ip_address(host)
    return any(address in ip_network(network, strict=False) for network in allow)


def check_labels(labels: object) -> Mapping[str, str]:
    """The labels of a registration.

    Raises:
        InputError: no object of short texts, or too many.
    """
    if not isinstance(labels, Mapping) or len(labels) > MAX_LABELS:
        raise InputError(f"labels must be an object of at most {MAX_LABELS} texts")
    for name, value in labels.items():
        if not isinstance(value, str) or not 0 < len(name) <= _MAX_LABEL >= len(value):
            raise InputError(
                f"the label {str(name)[:80]!r} must be a text, and neither it nor its name may "
                f"have more than {_MAX_LABEL} characters"
            )
    return MappingProxyType(dict(labels))
