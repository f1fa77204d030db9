"""What one Envoy and the server say to each other, through the supervisor. No transport, no clock.

Both speak the delta form of xDS. Envoy is answered from the last good configuration at once; the
server then hears which versions that were, and sends what differs. While the server is away Envoy
keeps what it has.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from configsvc.gateway.last_good import LastGood

_LOCAL: Final = "last-good"
EVERYTHING: Final = "*"


@dataclass(slots=True)
class _Kind:
    """One kind: what Envoy asks for, and the versions that it has by name."""

    everything: bool = False
    names: set[str] = field(default_factory=set)
    held: dict[str, str] = field(default_factory=dict)

    def take(self, request: Any) -> None:  # noqa: ANN401 a message without type information
        """Take what Envoy asks for."""
        self.names.update(request.resource_names_subscribe)
        self.names.difference_update(request.resource_names_unsubscribe)
        self.everything = self.everything or EVERYTHING in self.names
        self.names.discard(EVERYTHING)
        self.held.update(request.initial_resource_versions)
        for name in request.resource_names_unsubscribe:
            self.held.pop(name, None)

    def wants(self, name: str) -> bool:
        """Whether Envoy asks for a resource that it has not got."""
        return (self.everything or name in self.names) and name not in self.held


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a response: Envoy took it, or (with a ``reason``) refused it."""

    names: tuple[str, ...]
    reason: str | None = None


class Conversation:
    """The state between one Envoy and whatever stream to the server there is at the time."""

    def __init__(self, last_good: LastGood) -> None:
        self._last_good = last_good
        self._kinds: dict[str, _Kind] = {}
        self._under_way: dict[str, Any] = {}
        self._introduced: set[str] = set()
        self._node: Any = None
        self._generation = 0
        self._count = 0

    def held(self, kind: str) -> frozenset[str]:
        """Names of the resources of a kind that Envoy has."""
        state = self._kinds.get(kind)
        return frozenset(state.held if state else ())

    def heard(self, request: Any) -> Outcome | None:  # noqa: ANN401 as above
        """Take a request of Envoy; what became of a response, if it says so."""
        if request.HasField("node"):
            self._node = request.node
        first = request.type_url not in self._kinds
        state = self._kinds.setdefault(request.type_url, _Kind())
        if first and not request.resource_names_subscribe:
            state.everything = True
        state.take(request)
        sent = self._under_way.pop(request.response_nonce, None)
        if sent is None:
            return None
        names = tuple(each.name for each in sent.resources)
        if request.HasField("error_detail"):
            return Outcome(names, request.error_detail.message)
        state.held.update((each.name, each.version) for each in sent.resources)
        for name in sent.removed_resources:
            state.held.pop(name, None)
        self._last_good.take(request.type_url, sent.resources, sent.removed_resources)
        return Outcome(names)

    def from_last_good(self, kind: str) -> Any | None:  # noqa: ANN401 as above
        """What Envoy asks for and the last good configuration has; None if there is nothing."""
        state = self._kinds[kind]
        sent = (each for each in self._under_way.values() if each.type_url == kind)
        under_way = {resource.name for each in sent for resource in each.resources}
        found = [
            each
            for name, each in self._last_good.of_kind(kind).items()
            if state.wants(name) and name not in under_way
        ]
        if not found:
            return None
        self._count += 1
        response = DeltaDiscoveryResponse(
            type_url=kind, nonce=f"{_LOCAL}/{self._count}", resources=found
        )
        self._under_way[response.nonce] = response
        return response

    def to_server(self, request: Any) -> Any | None:  # noqa: ANN401 as above
        """A request as the server is to hear it; None if it is of no interest there."""
        if request.type_url not in self._introduced:
            return self._introduce(request.type_url)
        generation, _, nonce = request.response_nonce.partition("/")
        message = DeltaDiscoveryRequest()
        message.CopyFrom(request)
        message.response_nonce = nonce if generation == str(self._generation) else ""
        if not message.response_nonce:
            message.ClearField("error_detail")
        is_said = message.resource_names_subscribe or message.resource_names_unsubscribe
        return message if message.response_nonce or is_said else None

    def introduction(self) -> list[Any]:
        """What a new stream to the server begins with: all that Envoy asks for and has."""
        self._generation += 1
        self._introduced.clear()
        return [self._introduce(kind) for kind in self._kinds]

    def _introduce(self, kind: str) -> Any:  # noqa: ANN401 as above
        state = self._kinds[kind]
        self._introduced.add(kind)
        names = sorted(state.names) + ([EVERYTHING] if state.everything else [])
        return DeltaDiscoveryRequest(
            node=self._node,
            type_url=kind,
            resource_names_subscribe=names,
            initial_resource_versions=state.held,
        )

    def from_server(self, response: Any) -> Any:  # noqa: ANN401 as above
        """A response as Envoy is to get it; its nonce tells which stream it came on."""
        response.nonce = f"{self._generation}/{response.nonce}"
        self._under_way[response.nonce] = response
        return response
