"""The last good configuration on disk: what Envoy acknowledged, to start from without a server."""

import hashlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse, Resource
from google.protobuf.message import DecodeError

_log = logging.getLogger("configsvc.gateway")

FILE: Final = "last-good"
_DIGEST = hashlib.sha256().digest_size

Key = tuple[str, str]
"""Kind and name of a resource."""


class LastGood:
    """Acknowledged resources by kind and name, kept in one file. For one thread.

    Args:
        directory: where the file is.
        owner: whose configuration it is; that of another owner is not taken.
    """

    def __init__(self, directory: Path, owner: str) -> None:
        self._path = directory / FILE
        self._owner = owner
        self._resources: dict[Key, Any] = {}

    def load(self) -> None:
        """Read the file; one that is damaged or somebody else's counts as none."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        digest, body = data[:_DIGEST], data[_DIGEST:]
        try:
            found = DeltaDiscoveryResponse.FromString(body)
        except DecodeError:
            found = None
        if found is None or hashlib.sha256(body).digest() != digest:
            _log.error("%s is damaged: it is not used", self._path)
        elif found.system_version_info != self._owner:
            _log.warning("%s is of %r: not used", self._path, found.system_version_info)
        else:
            self._resources = {(r.resource.type_url, r.name): r for r in found.resources}

    def __len__(self) -> int:
        return len(self._resources)

    def of_kind(self, kind: str) -> dict[str, Any]:
        """The resources of a kind by name."""
        return {name: each for (of, name), each in self._resources.items() if of == kind}

    def take(self, kind: str, updated: Iterable[Any], removed: Iterable[str]) -> None:
        """Take what Envoy acknowledged."""
        for each in updated:
            self._resources[kind, each.name] = Resource.FromString(each.SerializeToString())
        for name in removed:
            self._resources.pop((kind, name), None)

    def save(self) -> None:
        """Write the file, whole or not at all."""
        message = DeltaDiscoveryResponse(
            system_version_info=self._owner, resources=self._resources.values()
        )
        body = message.SerializeToString(deterministic=True)
        temporary = self._path.with_suffix(".new")
        with open(temporary, "wb", opener=_private) as file:
            file.write(hashlib.sha256(body).digest() + body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
