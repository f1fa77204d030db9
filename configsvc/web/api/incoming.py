"""Requests: who sends them, and what their bodies, headers and queries say."""

import re
from typing import Any, Final, TypeVar, cast

from flask import current_app, g, request

from configsvc.access import Principal, UnauthenticatedError
from configsvc.errors import InputError
from configsvc.model.names import Key, Kind, check_name
from configsvc.schema import Document, InvalidDocumentError, load_text, load_value, parse_json
from configsvc.usecases import ControlPlane, Repeat
from configsvc.usecases.repeats import MAX_KEY
from configsvc.web.api.problems import (
    MalformedBodyError,
    MalformedRequestError,
    UnsupportedMediaTypeError,
)

T = TypeVar("T")

JSON: Final = "application/json"
YAML: Final = "application/yaml"
_BEARER: Final = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


class MissingTokenError(UnauthenticatedError):
    """The request carries no bearer token."""

    def __init__(self) -> None:
        super().__init__("a bearer token is needed: send 'Authorization: Bearer TOKEN'")


def plane() -> ControlPlane:
    """The use cases of this process."""
    return cast("ControlPlane", current_app.extensions["configsvc"])


def principal() -> Principal:
    """Who sends the request; raises an `UnauthenticatedError`."""
    if "principal" not in g:
        match = _BEARER.fullmatch(request.headers.get("Authorization", ""))
        if match is None:
            raise MissingTokenError
        g.principal = plane().tokens.authenticate(match[1])
    return cast("Principal", g.principal)


def namespace_of(name: str) -> str:
    """The namespace of a path; raises `InvalidNameError`."""
    return check_name("namespace", name)


def kind_of(name: str) -> Kind:
    """The kind of a path; raises `InputError`."""
    if name not in Kind._value2member_map_:
        raise InputError(f"unknown kind {name[:40]!r}: use one of {', '.join(Kind)}")
    return Kind(name)


def key_of(kind: str, name: str) -> Key:
    """The resource of a path; raises `InputError`."""
    return Key(kind_of(kind), check_name("name", name))


def body(**fields: type | tuple[type, ...]) -> dict[str, Any]:
    """The JSON object of the body; only these fields, each of its type, all of them optional.

    Raises:
        MalformedBodyError: it is not such an object.
        UnsupportedMediaTypeError: it is not JSON.
    """
    if request.mimetype != JSON:
        raise UnsupportedMediaTypeError(request.mimetype, (JSON,))
    value = _parsed(request.get_data())
    if not isinstance(value, dict):
        raise MalformedBodyError(message="the body must be a JSON object")
    for name, each in value.items():
        if name not in fields:
            raise MalformedBodyError(
                message=f"unknown field {name[:40]!r} in the body: use {', '.join(sorted(fields))}"
            )
        if not _is(each, fields[name]):
            raise MalformedBodyError(message=f"field {name!r} of the body has the wrong type")
    return value


def _is(value: object, kinds: type | tuple[type, ...]) -> bool:
    allowed = kinds if isinstance(kinds, tuple) else (kinds,)
    return type(value) in allowed  # a boolean is no integer here


def _parsed(data: bytes) -> Any:  # noqa: ANN401 any JSON
    try:
        return parse_json(data, origin="request body")
    except InvalidDocumentError as exc:
        raise MalformedBodyError(exc.errors) from exc


def single_document() -> Document:
    """The one document that the body holds, as JSON or YAML."""
    if request.mimetype == JSON:
        return load_value(_parsed(request.get_data()), origin="request body")
    if request.mimetype != YAML:
        raise UnsupportedMediaTypeError(request.mimetype, (JSON, YAML))
    loaded = load_text(request.get_data(), origin="request body", syntax="yaml")
    if loaded.errors:
        raise MalformedBodyError(loaded.errors)
    if len(loaded.documents) != 1:
        raise MalformedBodyError(
            message=f"the body holds {len(loaded.documents)} documents: send one"
        )
    return loaded.documents[0]


def flag(name: str) -> bool:
    """A query that is ``true`` or ``false``; absent is false."""
    value = request.args.get(name, "false")
    if value not in {"true", "false"}:
        raise MalformedRequestError(f"query {name} is {value[:40]!r}: write true or false")
    return value == "true"


def number(name: str, default: int | None, *, low: int, high: int = 2**53) -> int | None:
    """A query that is a whole number within bounds; `default` where it is absent."""
    text = request.args.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,16}", text, re.ASCII) or not low <= int(text) <= high:
        raise MalformedRequestError(
            f"query {name} is {text[:40]!r}: write a whole number from {low} to {high}"
        )
    return int(text)


def repeat() -> Repeat | None:
    """The idempotency key of the request, bound to its author and content."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY:
        raise MalformedRequestError(f"Idempotency-Key must have 1 to {MAX_KEY} characters")
    content = b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data()))
    return Repeat.of(key, principal().token_id, content)


def text(name: str, longest: int = 200) -> str | None:
    """A query that is text; None where it is absent."""
    value = request.args.get(name)
    if value is not None and len(value) > longest:
        raise MalformedRequestError(f"query {name} has more than {longest} characters")
    return value
