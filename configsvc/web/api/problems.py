"""Errors as RFC 9457 problem details: the one table from error classes to status and code."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from configsvc import access, store
from configsvc.analysis.formats import finding_data
from configsvc.analysis.formats.data import not_evaluated_data
from configsvc.errors import InputError
from configsvc.schema import DocumentError, InvalidDocumentError
from configsvc.usecases import errors
from configsvc.web.api.rendering import key_json

CONTENT_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = "1"
"""Seconds after which a request that met contention is worth repeating."""


class MalformedBodyError(InputError):
    """The body is not what the route takes; `errors` say where."""

    def __init__(self, found: tuple[DocumentError, ...] = (), message: str = "") -> None:
        self.errors = found
        super().__init__(message or "\n".join(map(str, found)))


class MalformedRequestError(InputError):
    """A header or query value cannot be read."""


class UnsupportedMediaTypeError(InputError):
    """The body has a content type that the route does not take."""

    def __init__(self, seen: str, allowed: tuple[str, ...]) -> None:
        super().__init__(
            f"content type {seen[:80]!r} is not taken here: send {' or '.join(allowed)}"
        )


@dataclass(frozen=True, slots=True)
class Kind:
    """How a class of errors is told to a client."""

    status: int
    code: str


# The first entry that the error is an instance of wins: subclasses stand before their bases.
TABLE: Final[tuple[tuple[type[Exception], Kind], ...]] = (
    (MalformedBodyError, Kind(400, "malformed-body")),
    (MalformedRequestError, Kind(400, "malformed-request")),
    (UnsupportedMediaTypeError, Kind(415, "unsupported-media-type")),
    (access.UnauthenticatedError, Kind(401, "unauthenticated")),
    (access.ForbiddenError, Kind(403, "forbidden")),
    (errors.UnknownNamespaceError, Kind(404, "unknown-namespace")),
    (errors.UnknownResourceError, Kind(404, "unknown-resource")),
    (errors.UnknownEdgeError, Kind(404, "unknown-edge")),
    (errors.UnknownTokenIdError, Kind(404, "unknown-token")),
    (store.UnknownRevisionError, Kind(404, "unknown-revision")),
    (errors.StaleBaseError, Kind(409, "stale-base")),
    (errors.UnknownBaseError, Kind(409, "unknown-base")),
    (errors.ManagedElsewhereError, Kind(409, "managed-elsewhere")),
    (errors.PreconditionFailedError, Kind(412, "precondition-failed")),
    (errors.ChangeTooLargeError, Kind(413, "change-too-large")),
    (store.LimitExceededError, Kind(413, "change-too-large")),
    (InvalidDocumentError, Kind(422, "invalid-document")),
    (errors.InvalidChangeError, Kind(422, "invalid-change")),
    (errors.MassDeletionError, Kind(422, "confirmation-required")),
    (errors.RefusedByFindingsError, Kind(422, "refused-by-findings")),
    (errors.AcknowledgeError, Kind(422, "acknowledgement-required")),
    (errors.IdempotencyKeyReusedError, Kind(422, "idempotency-key-reused")),
    (errors.PreconditionRequiredError, Kind(428, "precondition-required")),
    (errors.ContentionError, Kind(503, "contention")),
    (store.CompareFailedError, Kind(503, "contention")),
    (store.StoreFullError, Kind(503, "store-full")),
    (store.StoreUnavailableError, Kind(503, "store-unavailable")),
    (InputError, Kind(422, "invalid-input")),
)


def install(app: Flask) -> None:
    """Make every failure of the application a problem document."""
    for error, kind in TABLE:
        app.register_error_handler(error, _handler(kind))
    app.register_error_handler(HTTPException, _http_failure)
    app.register_error_handler(Exception, _unexpected)


def problem(status: int, code: str, detail: str, **members: Any) -> Response:  # noqa: ANN401
    """A problem document; `members` are what the code adds, None ones are left out."""
    body = {
        "type": f"/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request": g.get("request_id", ""),
        **{name: value for name, value in members.items() if value is not None},
    }
    response = Response(orjson.dumps(body), status, content_type=CONTENT_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="configsvc"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _handler(kind: Kind) -> Any:  # noqa: ANN401 Flask's own type takes any error
    def handle(error: Exception) -> Response:
        g.problem_code = kind.code
        return problem(kind.status, kind.code, str(error), **_members(error))

    return handle


def _members(error: Exception) -> Mapping[str, Any]:
    match error:
        case MalformedBodyError() | InvalidDocumentError():
            return {"errors": [_document_error(each) for each in error.errors] or None}
        case errors.InvalidChangeError():
            return {"errors": [{"pointer": error.pointer, "message": str(error)}]}
        case errors.RefusedByFindingsError():
            return {
                "findings": [finding_data(each) for each in error.blocking],
                "notEvaluated": [not_evaluated_data(each) for each in error.undecided] or None,
            }
        case errors.AcknowledgeError():
            return {"findings": [finding_data(each) for each in error.findings]}
        case errors.StaleBaseError():
            resources = [key_json(each.key) for each in error.resources]
            return {"base": error.base, "head": error.head, "resources": resources}
        case errors.PreconditionFailedError():
            return {"expected": error.expected, "seen": error.seen}
        case _:
            return {}


def _document_error(error: DocumentError) -> dict[str, Any]:
    members = {
        "origin": error.origin,
        "line": error.line,
        "column": error.column,
        "pointer": error.pointer,
        "message": error.message,
        "seen": error.seen,
        "allowed": list(error.allowed) or None,
        "hint": error.hint,
    }
    return {name: value for name, value in members.items() if value is not None}


_HTTP_CODES: Final = {400: "malformed-request", 404: "unknown-route", 405: "method-not-allowed"}


def _http_failure(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    code = _HTTP_CODES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "-"))
    answer = problem(status, code, error.description or HTTPStatus(status).phrase)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Response:
    from flask import current_app  # noqa: PLC0415

    current_app.logger.error(
        "unexpected failure of %s %s", request.method, request.path, exc_info=error
    )
    return problem(
        500, "internal", "an unexpected failure; the server's log has it under this request"
    )
