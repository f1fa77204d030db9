"""Descriptions of foreign runtimes: what an importer says beside the resources it made.

A description is a document of the kind ``Runtime``: a target, and the fields of
`configsvc.analysis.view.Runtime` in camel case. It is no resource and is never stored.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from configsvc.analysis.native import Runtimes
from configsvc.analysis.view import NATIVE, Layer, Note, Runtime
from configsvc.model.findings import EdgeId
from configsvc.model.policies import Target
from configsvc.model.quantities import parse_duration, parse_share

KIND = "Runtime"

_DURATIONS = frozenset({"lease", "renewal"})
_SHARES = frozenset({"throttle", "failures"})


def runtimes_of(descriptions: Iterable[Mapping[str, Any]]) -> Runtimes:
    """What enforces each edge's policies, as ``descriptions`` say; the first that fits holds."""
    found = [(_target(d["spec"]["target"]), _runtime(d["spec"])) for d in descriptions]

    def runtime(edge: EdgeId) -> Runtime:
        return next((r for target, r in found if _selects(target, edge)), NATIVE)

    return runtime


def _target(value: Mapping[str, str]) -> Target:
    return Target(value.get("from"), value.get("to"), value.get("operation"))


def _selects(target: Target, edge: EdgeId) -> bool:
    return target.matches(edge.caller, edge.callee, edge.operation)


def _runtime(spec: Mapping[str, Any]) -> Runtime:
    fields = {_snake(name): _value(name, value) for name, value in spec.items() if name != "target"}
    return Runtime(**fields)


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - by the name of the field
    if name in _DURATIONS:
        return parse_duration(value)
    if name in _SHARES:
        return parse_share(value)
    if name == "layers":
        return tuple(_layer(each) for each in value)
    if name == "notes":
        return tuple(_note(each) for each in value)
    if value == "unlimited":
        return float("inf")
    return tuple(value) if isinstance(value, list) else value


def _layer(value: Mapping[str, Any]) -> Layer:
    limit = value.get("limit")
    return Layer(
        name=value["name"],
        attempts=value.get("attempts", 1),
        retry_on=tuple(value.get("retryOn", ())),
        limit=None if limit is None else parse_duration(limit),
    )


def _note(value: Mapping[str, Any]) -> Note:
    time = value.get("time")
    return Note(
        kind=value["kind"],
        field=value["field"],
        declared=value["declared"],
        effective=value["effective"],
        why=value["why"],
        time=None if time is None else parse_duration(time),
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
