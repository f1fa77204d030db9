"""Single resources: read, put and delete with conditions."""

from http import HTTPStatus
from typing import Final

from flask import Response, g, request

from configsvc.model.names import Key, Kind
from configsvc.schema import Document, DocumentError, InvalidDocumentError, Problem, read
from configsvc.usecases import Change, Precondition, Query
from configsvc.usecases.changes import MAX_MESSAGE
from configsvc.web.api.bodies import JSON, YAML, document_body
from configsvc.web.api.contract.operations import Answer, Body, Routes
from configsvc.web.api.contract.parameters import Choice, Flag, Header, Number, Text
from configsvc.web.api.incoming import key_of, namespace_of, plane, precondition, principal
from configsvc.web.api.preview_rendering import preview_json
from configsvc.web.api.rendering import answer, published_json, resource_json

routes = Routes("resources")

_LIST: Final = "/v1/namespaces/{ns}/resources"
_ONE: Final = "/v1/namespaces/{ns}/resources/{kind}/{name}"

KIND = Choice("kind", "Only resources of this kind.", tuple(Kind))
LABEL = Text(
    "label", "A label that resources must have: name=value.", "[^=]{1,80}=.{0,80}", many=True
)
REVISION = Number("revision", "The resources as they were at this revision.", low=1)
DRY_RUN = Flag("dryRun", "Only say what would happen.")
TAKE_OVER = Flag("takeOver", "Manage from here on what somebody else manages.")
MESSAGE = Text("message", "Why; made up from the act if it is absent.", longest=MAX_MESSAGE)
IF_MATCH = Header("If-Match", "The ETag that the resource must have.")
IF_NONE_MATCH = Header("If-None-Match", "`*`: the resource must not exist.")
ETAG: Final = {"ETag": "The digest of the document, in quotes."}

_WRITES: Final = (
    "precondition-required", "precondition-failed", "managed-elsewhere", "invalid-change",
    "refused-by-findings", "contention", "store-full",
)  # fmt: skip
_WRITE_QUERIES: Final = (DRY_RUN, TAKE_OVER, MESSAGE)


@routes.add(
    "GET",
    _LIST,
    {200: Answer("The resources, by kind and name.", "Resources")},
    queries=(KIND, LABEL, REVISION),
    problems=("unknown-revision",),
)
def list_resources(ns: str) -> Response:
    """The resources of a namespace, filtered."""
    kind, labels = KIND.read(), dict(pair.split("=", 1) for pair in LABEL.read_all())
    query = Query(Kind(kind) if kind else None, labels, REVISION.read())
    found = plane().inspector.resources(principal(), namespace_of(ns), query)
    return answer({"items": [resource_json(each) for each in found]})


@routes.add(
    "GET",
    _ONE,
    {
        200: Answer("The resource.", "Resource", headers=ETAG),
        304: Answer("It is the one of `If-None-Match`.", None, headers=ETAG),
    },
    queries=(REVISION,),
    headers=(Header("If-None-Match", "ETags that the caller has already."),),
    problems=("unknown-resource", "unknown-revision"),
)
def get_resource(ns: str, kind: str, name: str) -> Response:
    """One resource, with its digest as the ETag."""
    stored = plane().inspector.resource(
        principal(), namespace_of(ns), key_of(kind, name), REVISION.read()
    )
    etag = {"ETag": f'"{stored.digest}"'}
    if request.if_none_match.contains_weak(stored.digest):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=etag)
    return answer(resource_json(stored), headers=etag)


@routes.add(
    "PUT",
    _ONE,
    {
        200: Answer("It was replaced, or with `dryRun` what would happen.", "PublishedOrPreview",
                    headers=ETAG),
        201: Answer("It was created.", "Published", headers=ETAG),
    },
    body=Body("Document", (JSON, YAML)),
    queries=_WRITE_QUERIES,
    headers=(IF_MATCH, IF_NONE_MATCH),
    problems=(*_WRITES, "invalid-document"),
)  # fmt: skip
def put_resource(ns: str, kind: str, name: str) -> Response:
    """Write one resource, on a condition."""
    key = key_of(kind, name)
    condition = precondition(key, may_create=True)
    document = document_body()
    _require_key(document, key)
    return _write(namespace_of(ns), f"Put {key}", condition, document)


@routes.add(
    "DELETE",
    _ONE,
    {200: Answer("It was deleted, or with `dryRun` what would happen.", "PublishedOrPreview")},
    queries=_WRITE_QUERIES,
    headers=(IF_MATCH,),
    problems=_WRITES,
)
def delete_resource(ns: str, kind: str, name: str) -> Response:
    """Delete one resource, on a condition."""
    key = key_of(kind, name)
    return _write(namespace_of(ns), f"Delete {key}", precondition(key, may_create=False))


def _require_key(document: Document, key: Key) -> None:
    """Refuse a document that is another resource than the path names, before anything is done."""
    seen = read(document, today=plane().moment.today()).key
    for pointer, said, named in (
        ("/kind", seen.kind.value, key.kind.value),
        ("/metadata/name", seen.name, key.name),
    ):
        if said != named:
            message = f"the document says {said!r} and the path {named!r}: make both the same"
            place = document.locate(pointer)
            raise InvalidDocumentError([DocumentError.at(place, Problem(pointer, message, said))])


def _write(
    namespace: str, act: str, condition: Precondition, document: Document | None = None
) -> Response:
    """Put the document, or delete the resource of the condition if there is none."""
    change = Change(
        message=MESSAGE.read() or act,
        base=None,
        put=(document,) if document else (),
        delete=() if document else (condition.key,),
        take_over=TAKE_OVER.read(),
        preconditions=(condition,),
    )
    if DRY_RUN.read():
        return answer(preview_json(plane().publisher.check(principal(), namespace, change)))
    outcome = g.published = plane().publisher.publish(principal(), namespace, change)
    if document is None:
        return answer(published_json(outcome))
    etag = outcome.resources.get(condition.key) or condition.digest
    status = HTTPStatus.OK if condition.digest else HTTPStatus.CREATED
    return answer(published_json(outcome), status, {"ETag": f'"{etag}"'})
