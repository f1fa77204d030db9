"""The outcome of a write, and its stored form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from configsvc.model.names import Key


@dataclass(frozen=True, slots=True)
class Published:
    """What a write led to.

    `changed` is False where nothing differed and no revision was made. `resources` has the digest
    of each resource that the change altered, None for a deleted one; `services` are those that got
    another bundle, or have one no more. `rollout` says that it reaches them in stages: its name is
    the revision.
    """

    namespace: str
    revision: int
    changed: bool
    resources: Mapping[Key, str | None] = field(default_factory=lambda: MappingProxyType({}))
    services: tuple[str, ...] = ()
    rollout: bool = False


def published_to_json(outcome: Published) -> bytes:
    """The outcome as stored with an idempotency key."""
    value = {
        "namespace": outcome.namespace,
        "revision": outcome.revision,
        "changed": outcome.changed,
        "resources": {str(key): digest for key, digest in outcome.resources.items()},
        "services": outcome.services,
        "rollout": outcome.rollout,
    }
    return json.dumps(value, separators=(",", ":")).encode()


def published_from_json(data: bytes) -> Published:
    """Read what `published_to_json` wrote."""
    value = json.loads(data)
    resources = {Key.parse(key): digest for key, digest in value["resources"].items()}
    services = tuple(value["services"])
    return Published(
        namespace=value["namespace"],
        revision=value["revision"],
        changed=value["changed"],
        resources=resources,
        services=services,
        rollout=value.get("rollout", False),
    )
