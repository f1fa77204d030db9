"""Errors as RFC 9457 problem details: the one table from error classes to status and code."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from configsvc import access, store
from configsvc.errors import InputError
from configsvc.model.names import InvalidNameError
from configsvc.rollout import InvalidPlanError, RolloutPhaseError
from configsvc.schema import InvalidDocumentError
from configsvc.usecases import errors as refusals
from configsvc.web.api import errors
from configsvc.web.api.problem_members import detail, members

_log = logging.getLogger("configsvc.web")

CONTENT_TYPE: Final = "application/problem+json"

RETRY_AFTER: Final = "1"
"""Seconds after which a request that met contention is worth repeating."""


class Kind(NamedTuple):
    """How a class of errors is told to a client."""

    status: int
    code: str


# A class that is not here is told as the nearest of its bases that is.
TABLE: Final[Mapping[type[Exception], Kind]] = MappingProxyType(
    {
        errors.MalformedBodyError: Kind(400, "malformed-body"),
        errors.MalformedRequestError: Kind(400, "malformed-request"),
        access.UnauthenticatedError: Kind(401, "unauthenticated"),
        access.ForbiddenError: Kind(403, "forbidden"),
        access.MissingCsrfTokenError: Kind(403, "csrf-token-missing"),
        errors.UnknownKindError: Kind(404, "unknown-kind"),
        refusals.UnknownNamespaceError: Kind(404, "unknown-namespace"),
        refusals.UnknownResourceError: Kind(404, "unknown-resource"),
        refusals.UnknownEdgeError: Kind(404, "unknown-edge"),
        refusals.UnknownFindingError: Kind(404, "unknown-finding"),
        refusals.UnknownRuleError: Kind(404, "unknown-rule"),
        refusals.UnknownTokenIdError: Kind(404, "unknown-token"),
        store.UnknownRevisionError: Kind(404, "unknown-revision"),
        refusals.StaleBaseError: Kind(409, "stale-base"),
        refusals.UnknownBaseError: Kind(409, "unknown-base"),
        refusals.RolloutInProgressError: Kind(409, "rollout-in-progress"),
        refusals.RolloutEndedError: Kind(409, "rollout-ended"),
        RolloutPhaseError: Kind(409, "rollout-phase"),
        refusals.ManagedElsewhereError: Kind(409, "managed-elsewhere"),
        refusals.PreconditionFailedError: Kind(412, "precondition-failed"),
        refusals.ChangeTooLargeError: Kind(413, "change-too-large"),
        store.LimitExceededError: Kind(413, "change-too-large"),
        errors.BodyTooLargeError: Kind(413, "request-too-large"),
        errors.UnsupportedMediaTypeError: Kind(415, "unsupported-media-type"),
        InvalidDocumentError: Kind(422, "invalid-document"),
        InvalidNameError: Kind(422, "invalid-name"),
        refusals.InvalidChangeError: Kind(422, "invalid-change"),
        InvalidPlanError: Kind(422, "invalid-change"),
        refusals.MassDeletionError: Kind(422, "confirmation-required"),
        refusals.RefusedByFindingsError: Kind(422, "refused-by-findings"),
        refusals.AcknowledgeError: Kind(422, "acknowledgement-required"),
        refusals.IdempotencyKeyReusedError: Kind(422, "idempotency-key-reused"),
        InputError: Kind(422, "invalid-input"),
        refusals.PreconditionRequiredError: Kind(428, "precondition-required"),
        refusals.ContentionError: Kind(503, "contention"),
        refusals.BusyError: Kind(503, "contention"),
        errors.TooManyStreamsError: Kind(503, "too-many-streams"),
        store.CompareFailedError: Kind(503, "contention"),
        store.StoreFullError: Kind(503, "store-full"),
        store.StoreUnavailableError: Kind(503, "store-unavailable"),
        store.StoreClosedError: Kind(503, "store-unavailable"),  # the process is on its way out
    }
)

_HTTP_CODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "malformed-request",
        404: "unknown-route",
        405: "method-not-allowed",
        413: "request-too-large",
        500: "internal",
    }
)

STATUS_BY_CODE: Final[Mapping[str, int]] = MappingProxyType(
    {
        **{code: status for status, code in _HTTP_CODES.items()},
        **{kind.code: kind.status for kind in TABLE.values()},
    }
)
"""Every code that a route of the API can answer with, and its status."""


def install(app: Flask) -> None:
    """Make every failure of the application a problem document."""
    for error, kind in TABLE.items():
        app.register_error_handler(error, _handler(kind))
    app.register_error_handler(HTTPException, _http_failure)
    app.register_error_handler(Exception, _unexpected)


def problem(status: int, code: str, detail: str, more: Mapping[str, Any] | None = None) -> Response:
    """A problem document; `more` is what the code adds, None is left out."""
    g.problem_code = code
    body = {
        "type": f"/problems/{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
        "request": g.get("request_id", ""),
        **{name: value for name, value in (more or {}).items() if value is not None},
    }
    response = Response(orjson.dumps(body), status, content_type=CONTENT_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="configsvc"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _handler(kind: Kind) -> Callable[[Exception], Response]:
    return lambda error: problem(kind.status, kind.code, detail(error), members(error))


def _http_failure(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    phrase = HTTPStatus(status).phrase
    code = _HTTP_CODES.get(status, phrase.lower().replace(" ", "-"))
    answer = problem(status, code, f"{request.method} {request.path[:200]}: {phrase.lower()}")
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Response:
    _log.error("unexpected failure of %s %s", request.method, request.path, exc_info=error)
    return problem(500, "internal", "an unexpected failure: the server's log has it by 'request'")
