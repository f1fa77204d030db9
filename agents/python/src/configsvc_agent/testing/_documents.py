"""Bundles for tests, written in a few lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from configsvc_agent.bundle import FORMAT

BundleLike: TypeAlias = Mapping[str, Any] | str | bytes | Path
"""A bundle as a mapping, as JSON, or as the path of a file that holds JSON."""


def bundle(
    service: str,
    callees: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    namespace: str = "default",
    undeclared: Mapping[str, Any] | None = None,
    inbound: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The bundle of ``service``.

    ``callees`` maps each callee to its operations, and an operation to its ``POLICY`` or, with
    ``match``, ``idempotent`` and so on beside it, to a whole ``OPERATION``; the operation ``*``
    stands for all others. Durations are microseconds, as on the wire::

        bundle("player-engine", {"score-engine": {"get-score": {"timeout": {"overall": 500_000}}}})
    """
    return {
        "format": FORMAT,
        "namespace": namespace,
        "service": service,
        "outbound": [_callee(name, given) for name, given in sorted((callees or {}).items())],
        "undeclared": _policy(undeclared or {}),
        "inbound": dict(inbound or {"operations": [], "other": {"rateLimits": []}}),
    }


def encode(given: BundleLike) -> bytes:
    """The bytes of a bundle in any of its forms."""
    if isinstance(given, Path):
        return given.read_bytes()
    if isinstance(given, bytes):
        return given
    return given.encode() if isinstance(given, str) else json.dumps(given).encode()


def _callee(name: str, operations: Mapping[str, Any]) -> dict[str, Any]:
    named = {each: given for each, given in operations.items() if each != "*"}
    return {
        "callee": name,
        "protocol": "http",
        "hosts": [name],
        "operations": [_operation(each, given) for each, given in named.items()],
        "other": _policy(operations.get("*", {})),
    }


def _operation(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if "policy" in given:
        return {"name": name, **given, "policy": _policy(given["policy"])}
    return {"name": name, "policy": _policy(given)}


def _policy(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"sources": {}, **given}
