"""The OpenAPI 3.1 description of the API, built from its operations and shapes."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from configsvc import __version__
from configsvc.model.names import Kind
from configsvc.schema import json_schema
from configsvc.web.api.contract.operations import Answer, Operation
from configsvc.web.api.contract.parameters import MAX_NUMBER, Header, Query
from configsvc.web.api.contract.shapes import SHAPES, Shape
from configsvc.web.api.contract.shapes.terms import COMPONENTS, NAME, ref
from configsvc.web.api.problems import CONTENT_TYPE, STATUS_BY_CODE

_ALWAYS: Final = ("malformed-request", "internal")
_WITH_TOKEN: Final = ("unauthenticated", "store-unavailable")
_WITH_COOKIE: Final = ("csrf-token-missing",)
_IN_NAMESPACE: Final = ("invalid-name", "forbidden", "unknown-namespace")
_WITH_BODY: Final = ("malformed-body", "request-too-large", "unsupported-media-type")

_DEFINITIONS: Final = "#/$defs/"
_PATH_SHAPES: Final[Mapping[str, Shape]] = {
    "ns": NAME,
    "name": NAME,
    "kind": ref("Kind"),
    "revision": {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Describe these operations."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "configsvc",
            "version": __version__,
            "description": "The operator API. Failures are problem documents (RFC 9457).",
        },
        "paths": paths,
        "components": {
            "schemas": _components(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "configsvc"},
            },
        },
        "security": [{"token": []}, {"session": []}],
    }


def problems_of(operation: Operation) -> tuple[str, ...]:
    """The codes of every refusal that an operation can answer with."""
    codes = [*_ALWAYS, *operation.problems]
    if not operation.public:
        codes += _WITH_TOKEN
        codes += () if operation.method == "GET" else _WITH_COOKIE
    if "ns" in operation.path_parameters:
        codes += _IN_NAMESPACE
    if "kind" in operation.path_parameters:
        codes.append("unknown-kind")
    if operation.body is not None:
        codes += _WITH_BODY
    return tuple(dict.fromkeys(codes))


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.says,
        "parameters": [
            *map(_path_parameter, operation.path_parameters),
            *map(_query, operation.queries),
            *map(_header, operation.headers),
        ],
        "responses": {
            **{str(status): _answer(each) for status, each in operation.answers.items()},
            **_refusals(operation),
        },
    }
    if operation.body is not None:
        content = {
            kind: {"schema": ref(operation.body.shape)} for kind in operation.body.content_types
        }
        described["requestBody"] = {"required": True, "content": content}
    if operation.public:
        described["security"] = []
    return described


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.says}
    if answer.headers:
        described["headers"] = {
            name: {"description": says, "schema": {"type": "string"}}
            for name, says in answer.headers.items()
        }
    if answer.shape is not None:
        described["content"] = {answer.content_type: {"schema": _named(answer.shape)}}
    return described


def _named(shape: str) -> Shape:
    return ref(shape) if shape in SHAPES else {"type": shape}


def _refusals(operation: Operation) -> dict[str, Any]:
    codes: dict[int, list[str]] = {}
    for code in problems_of(operation):
        codes.setdefault(STATUS_BY_CODE[code], []).append(code)
    content = {CONTENT_TYPE: {"schema": ref("Problem")}}
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(found)}",
            "content": content,
        }
        for status, found in sorted(codes.items())
    }


def _path_parameter(name: str) -> dict[str, Any]:
    shape = _PATH_SHAPES.get(name, {"type": "string", "minLength": 1})
    return {"name": name, "in": "path", "required": True, "schema": shape}


def _query(query: Query) -> dict[str, Any]:
    shape = query.shape()
    return {
        "name": query.name,
        "in": "query",
        "description": query.says,
        "required": query.required,
        "schema": {"type": "array", "items": shape} if query.repeated else shape,
    }


def _header(header: Header) -> dict[str, Any]:
    return {
        "name": header.name,
        "in": "header",
        "description": header.says,
        "schema": {"type": "string"},
    }


def _components() -> dict[str, Shape]:
    """Shapes, kinds of documents, and the definitions that kinds share, side by side."""
    found: dict[str, Shape] = dict(SHAPES)
    for kind in Kind:
        schema = dict(json_schema(kind))
        for name, definition in schema.pop("$defs", {}).items():
            found[name] = _hoisted(definition)
        schema.pop("$schema", None)
        schema.pop("$id", None)
        found[kind.value] = _hoisted(schema)
    found["Document"] = {"oneOf": [ref(kind.value) for kind in Kind]}
    found["WaiverSpec"] = {"$ref": f"{COMPONENTS}Waiver/properties/spec"}
    return found


def _hoisted(part: Any) -> Any:  # noqa: ANN401 any JSON
    """A schema with references to its own definitions turned into references to components."""
    if isinstance(part, dict):
        return {
            key: value.replace(_DEFINITIONS, COMPONENTS) if key == "$ref" else _hoisted(value)
            for key, value in part.items()
        }
    if isinstance(part, list):
        return [_hoisted(each) for each in part]
    return part
