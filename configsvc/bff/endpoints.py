"""Endpoints of a bundle, parsed and indexed: which one a request is, and what it calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import unquote

import orjson

from configsvc.bff.references import MISSING, Reference, Template
from configsvc_agent import Bundle, ComposedCall, ComposedEndpoint


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One call, ready to be made; ``default`` is `MISSING` where nothing stands for its answer."""

    name: str
    callee: str
    operation: str
    optional: bool
    method: str
    path: Template | None
    query: tuple[tuple[str, Template], ...]
    headers: tuple[tuple[str, Template], ...]
    default: Any


@dataclass(frozen=True, slots=True)
class PlannedEndpoint:
    """One endpoint: its calls stage by stage, and the members of its answer."""

    name: str
    segments: tuple[str, ...]
    stages: tuple[tuple[PlannedCall, ...], ...]
    output: tuple[tuple[str, Reference], ...]

    def parameters(self, path: str) -> Mapping[str, str]:
        """The parameters that a path of this endpoint has, decoded."""
        given = path.removeprefix("/").split("/")
        return {
            segment[1:-1]: unquote(value)
            for segment, value in zip(self.segments, given, strict=False)
            if segment.startswith("{")
        }


class Endpoints:
    """All endpoints of one bundle, by the name of the operation that the agent matches."""

    def __init__(self, bundle: Bundle) -> None:
        self.digest = bundle.digest
        self._planned = {each.name: _planned(each) for each in bundle.endpoints}

    def get(self, operation: str) -> PlannedEndpoint | None:
        """The endpoint that an operation is."""
        return self._planned.get(operation)


def _planned(endpoint: ComposedEndpoint) -> PlannedEndpoint:
    calls = sorted(endpoint.calls, key=lambda call: call.stage)
    return PlannedEndpoint(
        name=endpoint.name,
        segments=tuple(endpoint.path.removeprefix("/").split("/")),
        stages=tuple(
            tuple(map(_call, stage)) for _, stage in groupby(calls, key=lambda call: call.stage)
        ),
        output=tuple((name, Reference.parse(text)) for name, text in endpoint.output),
    )


def _call(call: ComposedCall) -> PlannedCall:
    return PlannedCall(
        name=call.name,
        callee=call.callee,
        operation=call.operation,
        optional=call.optional,
        method=call.method,
        path=None if call.path is None else Template.parse(call.path),
        query=tuple((name, Template.parse(text)) for name, text in call.query),
        headers=tuple((name, Template.parse(text)) for name, text in call.headers),
        default=MISSING if call.default is None else orjson.loads(call.default),
    )
