"""From a document to a typed resource."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from itertools import islice
from types import MappingProxyType

import orjson

from configsvc.model.names import API_VERSION, POLICY_KINDS, Key, Kind
from configsvc.model.policies import Policy
from configsvc.model.resources import MANAGED_BY_API, Resource, Spec
from configsvc.model.routing import PUBLIC, Bff, Gateway, Route
from configsvc.model.services import Service
from configsvc.model.trust import Authentication, KeySet, Waiver
from configsvc.schema import limits
from configsvc.schema.canonical import canonical, digest
from configsvc.schema.documents import Document
from configsvc.schema.errors import DocumentError, InvalidDocumentError, Problem, shown
from configsvc.schema.hints import nearest
from configsvc.schema.policies import policy_problems, read_policy
from configsvc.schema.quantities import problems as quantity_problems
from configsvc.schema.routing import read_bff, read_gateway, read_route
from configsvc.schema.routing_checks import bff_problems, gateway_problems, route_problems
from configsvc.schema.service_checks import service_problems
from configsvc.schema.services import read_service
from configsvc.schema.trust import (
    authentication_problems,
    key_set_problems,
    read_authentication,
    read_key_set,
    read_waiver,
    waiver_problems,
)
from configsvc.schema.validation import is_valid
from configsvc.schema.values import Json

_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}
_POLICIES = frozenset(POLICY_KINDS)
_NO_LABELS: Mapping[str, str] = MappingProxyType({})

_RESERVED = Key(Kind.AUTHENTICATION, PUBLIC)
_NAME_IS_RESERVED = Problem(
    "/metadata/name",
    f"{PUBLIC!r} is what documents write where anybody may call: choose another name",
    PUBLIC,
)

_READERS: Mapping[Kind, Callable[[Mapping[str, Json]], Spec]] = {
    Kind.SERVICE: read_service,
    Kind.AUTHENTICATION: read_authentication,
    Kind.KEY_SET: read_key_set,
    Kind.GATEWAY: read_gateway,
    Kind.ROUTE: read_route,
    Kind.BFF: read_bff,
    Kind.WAIVER: read_waiver,
}
_CHECKS: Mapping[type[Spec], Callable[[Json], Iterable[Problem]]] = {
    Policy: policy_problems,
    Service: service_problems,
    Authentication: authentication_problems,
    KeySet: key_set_problems,
    Gateway: gateway_problems,
    Route: route_problems,
    Bff: bff_problems,
}


def read(document: Document, *, today: date | None = None) -> Resource:
    """The resource that ``document`` describes.

    ``today`` bounds how far ahead a Waiver may expire; without it that is not checked.

    Raises:
        InvalidDocumentError: with everything that is wrong, each with its place and what to do.
    """
    value = document.value
    kind = _kind(value)
    if isinstance(kind, Problem):
        raise _invalid(document, [kind])
    found = quantity_problems(kind, value)
    if not is_valid(kind, value):
        found = _explain(kind, value, found)
    if found:
        raise _invalid(document, found)
    data = canonical(value)
    if len(data) > limits.DOCUMENT_BYTES:
        size = f"{len(data)} bytes, more than {limits.DOCUMENT_BYTES // 1024} KiB: split it"
        raise _invalid(document, [Problem("", f"the document has {size}")])
    resource = _typed(kind, value, digest(data), None)
    found = list(_contradictions(resource, today))
    if found:
        raise _invalid(document, found)
    return resource


def read_stored(data: bytes, *, digest: str, revision: int | None = None) -> Resource:
    """The resource that an admitted document describes, out of its canonical bytes.

    Nothing is validated again: it was when the document was admitted.
    """
    value = orjson.loads(data)
    return _typed(_KINDS[value["kind"]], value, digest, revision)


def _typed(kind: Kind, value: Mapping[str, Json], digest: str, revision: int | None) -> Resource:
    metadata = value["metadata"]
    spec = read_policy(kind, value) if kind in _POLICIES else _READERS[kind](value)
    return Resource(
        key=Key(kind, metadata["name"]),
        spec=spec,
        digest=digest,
        labels=MappingProxyType(metadata["labels"]) if "labels" in metadata else _NO_LABELS,
        manager=metadata.get("manager", MANAGED_BY_API),
        revision=revision,
    )


def _contradictions(resource: Resource, today: date | None) -> Iterable[Problem]:
    if resource.key == _RESERVED:
        return [_NAME_IS_RESERVED]
    if isinstance(resource.spec, Waiver):
        return waiver_problems(resource.spec, today)
    return _CHECKS[type(resource.spec)](resource.spec)


def _kind(value: Mapping[str, Json]) -> Kind | Problem:
    """The kind, which decides what else is looked at, or why it cannot be told."""
    version = value.get("apiVersion", "")
    if version != API_VERSION:
        return _unknown_version(version)
    name = value.get("kind", "")
    if isinstance(name, str) and name in _KINDS:
        return _KINDS[name]
    if name == "":
        return Problem(
            "", f"field 'kind' is missing: write one of {', '.join(_KINDS)}", allowed=tuple(_KINDS)
        )
    close = nearest(name, _KINDS) if isinstance(name, str) else None
    advice = f"did you mean {close!r}?" if close else f"use one of {', '.join(_KINDS)}"
    return Problem(
        "/kind", f"unknown kind {shown(name)}: {advice}", shown(name), tuple(_KINDS), close
    )


def _unknown_version(version: object) -> Problem:
    if version == "":
        message = f"field 'apiVersion' is missing: write 'apiVersion: {API_VERSION}'"
        return Problem("", message, allowed=(API_VERSION,))
    message = f"unknown apiVersion {shown(version)}: write '{API_VERSION}'"
    return Problem("/apiVersion", message, shown(version), (API_VERSION,), API_VERSION)


def _explain(kind: Kind, value: Json, out_of_bounds: list[Problem]) -> list[Problem]:
    from configsvc.schema.explanation import explain  # noqa: PLC0415 - 100 ms on refusal alone

    explained = explain(kind, value)
    pointers = {problem.pointer for problem in explained}
    return explained + [problem for problem in out_of_bounds if problem.pointer not in pointers]


def _invalid(document: Document, found: Iterable[Problem]) -> InvalidDocumentError:
    errors = (document.error(problem) for problem in islice(found, limits.ERRORS))
    return InvalidDocumentError(sorted(errors, key=_reading_order))


def _reading_order(error: DocumentError) -> tuple[int, int, str]:
    return error.line or 0, error.column or 0, error.pointer
