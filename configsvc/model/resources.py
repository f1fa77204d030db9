"""A resource: one document of a namespace, read and typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from configsvc.model.names import Key
from configsvc.model.policies import Policy
from configsvc.model.routing import Bff, Gateway, Route
from configsvc.model.services import Service
from configsvc.model.trust import Authentication, KeySet, Waiver

Spec = Service | Policy | Authentication | KeySet | Gateway | Route | Bff | Waiver

MANAGED_BY_API = "api"


@dataclass(frozen=True, slots=True)
class Resource:
    """One typed document.

    ``digest`` is the SHA-256 of the document's canonical JSON; ``revision`` is the namespace
    revision at which it last changed, or None for one that is not stored (a file, a proposal).
    """

    key: Key
    spec: Spec
    digest: str
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    manager: str = MANAGED_BY_API
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value was written: a resource, a JSON pointer in its document, and a revision."""

    resource: Key
    pointer: str
    revision: int | None = None

    def __str__(self) -> str:
        return (
            f"{self.resource}{'' if self.revision is None else f'@{self.revision}'}#{self.pointer}"
        )
