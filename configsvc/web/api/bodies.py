"""Bodies: JSON of a shape, or one document as JSON or YAML."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, Final

import jsonschema_rs
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from configsvc.schema import (
    Document,
    DocumentError,
    InvalidDocumentError,
    Problem,
    Syntax,
    load_text,
    parse_json,
)
from configsvc.schema import Location as Place
from configsvc.web.api.contract.shapes import SHAPES
from configsvc.web.api.contract.shapes.terms import OBJECT, ref
from configsvc.web.api.errors import (
    BodyTooLargeError,
    MalformedBodyError,
    UnsupportedMediaTypeError,
)

JSON: Final = "application/json"
YAML: Final = "application/yaml"

MAX_BODY: Final = 17 << 20
"""Bytes of a body: a change of 16 MiB and its wrapping."""

MAX_DOCUMENT: Final = 256 << 10
"""Bytes of a body that is one document."""

MAX_ERRORS: Final = 50
"""Errors of a body that are looked for; a large one may have as many as it has values."""

_MAX_MESSAGE: Final = 300
_SHOWN: Final = 60

_ORIGIN: Final = "body"
_SYNTAXES: Final[dict[str, Syntax]] = {JSON: "json", YAML: "yaml"}


def json_body(shape: str) -> Any:  # noqa: ANN401 JSON of that shape
    """The JSON body, which has the named shape; documents inside it are objects and not read yet.

    Raises:
        UnsupportedMediaTypeError, BodyTooLargeError, MalformedBodyError: it is not such a body.
    """
    if request.mimetype != JSON:
        raise UnsupportedMediaTypeError(request.mimetype, (JSON,))
    try:
        value = parse_json(_data(MAX_BODY), origin=_ORIGIN, largest=MAX_BODY)
    except InvalidDocumentError as exc:
        raise MalformedBodyError(exc.errors) from exc
    errors = tuple(islice(_errors(shape, value), MAX_ERRORS))
    if errors:
        raise MalformedBodyError(errors)
    return value


def document_body() -> Document:
    """The one document that the body is, as JSON or YAML; not validated yet.

    Raises:
        UnsupportedMediaTypeError, BodyTooLargeError, MalformedBodyError: it is not one.
    """
    syntax = _SYNTAXES.get(request.mimetype)
    if syntax is None:
        raise UnsupportedMediaTypeError(request.mimetype, tuple(_SYNTAXES))
    loaded = load_text(_data(MAX_DOCUMENT), origin=_ORIGIN, syntax=syntax)
    if loaded.errors:
        raise MalformedBodyError(loaded.errors)
    if len(loaded.documents) != 1:
        message = f"the body holds {len(loaded.documents)} documents: send exactly one"
        raise MalformedBodyError((_error("", message),))
    return loaded.documents[0]


def _data(largest: int) -> bytes:
    request.max_content_length = largest
    try:
        return request.get_data()
    except RequestEntityTooLarge as exc:
        raise BodyTooLargeError(largest) from exc


def _errors(shape: str, value: Any) -> Iterator[DocumentError]:  # noqa: ANN401 any JSON
    for error in _validator(shape).iter_errors(value):
        pointer = "".join(f"/{_escaped(part)}" for part in error.instance_path)
        message = f"{error.message[:_MAX_MESSAGE]}{_advice(shape, error)}"
        yield _error(pointer, message, repr(error.instance)[:_SHOWN])


def _advice(shape: str, error: jsonschema_rs.ValidationError) -> str:
    unknown = error.kind.name == "additionalProperties" and not error.instance_path
    return f": use {', '.join(SHAPES[shape]['properties'])}" if unknown else ""


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _error(pointer: str, message: str, seen: str | None = None) -> DocumentError:
    return DocumentError.at(Place(_ORIGIN), Problem(pointer, message, seen))


@cache
def _validator(shape: str) -> jsonschema_rs.Draft202012Validator:
    """Checks a shape, and of documents only that they are objects: the schema room knows more."""
    schemas = {**SHAPES, "Document": OBJECT, "WaiverSpec": OBJECT}
    return jsonschema_rs.Draft202012Validator(
        {"components": {"schemas": schemas}, **ref(shape)}, mask="the value"
    )
