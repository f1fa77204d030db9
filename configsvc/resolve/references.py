"""References that lead nowhere, collected as data: rules report them, nothing raises."""

from dataclasses import dataclass
from enum import StrEnum

from configsvc.model.names import Key, Kind


class Fault(StrEnum):
    """What is wrong with a reference."""

    UNKNOWN_NODE = "unknown-node"
    """No Service, Gateway or Bff has the name."""
    UNKNOWN_OPERATION = "unknown-operation"
    """The callee does not declare the operation."""
    UNKNOWN_GATEWAY = "unknown-gateway"
    UNKNOWN_AUTHENTICATION = "unknown-authentication"
    UNKNOWN_RATE_LIMIT = "unknown-rate-limit"
    TARGETED_RATE_LIMIT = "targeted-rate-limit"
    """The RateLimit has a target of its own, so it cannot be applied by name."""


@dataclass(frozen=True, slots=True, order=True)
class Dangling:
    """A reference that leads nowhere: the document and place that hold it, and what they name.

    ``kinds`` says what kinds of resource would do.
    """

    resource: Key
    pointer: str
    fault: Fault
    name: str
    operation: str | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of resource that the reference may name."""
        return _WANTED[self.fault]


_WANTED = {
    Fault.UNKNOWN_NODE: (Kind.SERVICE, Kind.GATEWAY, Kind.BFF),
    Fault.UNKNOWN_OPERATION: (Kind.SERVICE, Kind.BFF),
    Fault.UNKNOWN_GATEWAY: (Kind.GATEWAY,),
    Fault.UNKNOWN_AUTHENTICATION: (Kind.AUTHENTICATION,),
    Fault.UNKNOWN_RATE_LIMIT: (Kind.RATE_LIMIT,),
    Fault.TARGETED_RATE_LIMIT: (Kind.RATE_LIMIT,),
}
