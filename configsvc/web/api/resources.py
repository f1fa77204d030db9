"""Single resources: read, put and delete with conditions."""

from http import HTTPStatus

from flask import Blueprint, Response, request

from configsvc.errors import InputError
from configsvc.model.names import Key, Kind
from configsvc.schema import Document, read
from configsvc.usecases import Change, Precondition, Query
from configsvc.usecases.errors import PreconditionRequiredError
from configsvc.web.api.incoming import (
    flag,
    key_of,
    namespace_of,
    number,
    plane,
    principal,
    single_document,
)
from configsvc.web.api.problems import MalformedRequestError
from configsvc.web.api.rendering import answer, preview_json, published_json, resource_json

blueprint = Blueprint("resources", __name__)
_BASE = "/v1/namespaces/<ns>/resources"


@blueprint.get(_BASE)
def list_resources(ns: str) -> Response:
    """The resources of a namespace, filtered."""
    found = plane().inspector.resources(principal(), namespace_of(ns), _query())
    return answer({"items": [resource_json(each) for each in found]})


@blueprint.get(f"{_BASE}/<kind>/<name>")
def get_resource(ns: str, kind: str, name: str) -> Response:
    """One resource; its document is the body's ``document``, its digest the ETag."""
    revision = number("revision", None, low=1)
    stored = plane().inspector.resource(principal(), namespace_of(ns), key_of(kind, name), revision)
    etag = f'"{stored.digest}"'
    if request.headers.get("If-None-Match") == etag:
        return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
    return answer(resource_json(stored), headers={"ETag": etag})


@blueprint.put(f"{_BASE}/<kind>/<name>")
def put_resource(ns: str, kind: str, name: str) -> Response:
    """Write one resource, on a condition."""
    key = key_of(kind, name)
    document = single_document()
    if read(document, today=plane().moment.today()).key != key:
        raise InputError(f"the document is not {key}, which the path names: make both the same")
    return _write(ns, key, f"Put {key}", put=(document,))


@blueprint.delete(f"{_BASE}/<kind>/<name>")
def delete_resource(ns: str, kind: str, name: str) -> Response:
    """Delete one resource, on a condition."""
    key = key_of(kind, name)
    return _write(ns, key, f"Delete {key}", delete=(key,))


def _write(
    ns: str,
    key: Key,
    act: str,
    *,
    put: tuple[Document, ...] = (),
    delete: tuple[Key, ...] = (),
) -> Response:
    namespace = namespace_of(ns)
    change = Change(
        message=request.headers.get("Configsvc-Message", act),
        base=None,
        put=put,
        delete=delete,
        take_over=flag("takeOver"),
        preconditions=(_precondition(key),),
    )
    if flag("dryRun"):
        return answer(preview_json(plane().publisher.check(principal(), namespace, change)))
    outcome = plane().publisher.publish(principal(), namespace, change)
    digest = outcome.resources.get(key)
    return answer(published_json(outcome), headers={"ETag": f'"{digest}"'} if digest else None)


def _precondition(key: Key) -> Precondition:
    match, none_match = (request.headers.get(h) for h in ("If-Match", "If-None-Match"))
    if none_match == "*" and match is None:
        return Precondition(key, None)
    if none_match is not None:
        raise MalformedRequestError("If-None-Match of a write must be '*', without If-Match")
    if match is None:
        raise PreconditionRequiredError(key)
    if len(match) < 2 or match[0] != '"' or match[-1] != '"':  # noqa: PLR2004
        raise MalformedRequestError("If-Match must be one ETag in double quotes, as GET gave it")
    return Precondition(key, match[1:-1])


def _query() -> Query:
    kind = request.args.get("kind")
    if kind is not None and kind not in Kind._value2member_map_:
        raise MalformedRequestError(f"unknown kind {kind[:40]!r}: use one of {', '.join(Kind)}")
    labels = {}
    for pair in request.args.getlist("label"):
        name, equals, value = pair.partition("=")
        if not equals:
            raise MalformedRequestError(f"label {pair[:80]!r} is not of the form name=value")
        labels[name] = value
    revision = number("revision", None, low=1)
    return Query(Kind(kind) if kind else None, labels, revision)
