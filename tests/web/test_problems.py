"""Failures: one form for all of them."""

import inspect
import logging

import pytest

from configsvc import access, store
from configsvc.access import Role
from configsvc.errors import ConfigsvcError
from configsvc.store import StoreUnavailableError
from configsvc.usecases import errors as refusals
from configsvc.web.api import errors
from configsvc.web.api.problems import STATUS_BY_CODE, TABLE
from tests.web.calling import Api

UNEXPECTED = {
    # An agent's business, or a fault of the server: told as 500, or never raised on this plane.
    access.InvalidTokenRecordError,
    store.BlobNotFoundError,
    store.CompactedError,
    store.CorruptBlobError,
    store.CorruptRecordError,
    store.ForkedStoreError,
    store.FutureRevisionError,
    store.StoreError,
    store.StoreFormatError,
    store.WatchClosedError,
    # Caught where changes are tried again.
    store.AnswerExistsError,
    store.HeadMovedError,
}


def known_errors() -> set[type[Exception]]:
    """Every error class that the rooms below can raise."""
    modules = (access, store, refusals, errors)
    members = (value for module in modules for value in vars(module).values())
    return {
        each
        for each in members
        if inspect.isclass(each) and issubclass(each, ConfigsvcError) and each is not ConfigsvcError
    }


def test_every_error_has_its_place_in_the_table() -> None:
    """An error that the table does not know becomes 500: that has to be meant."""
    told = {error for error in known_errors() if any(base in TABLE for base in error.__mro__)}

    assert known_errors() - told - UNEXPECTED - {refusals.OperationError} == set()


def test_problem_has_all_members(api: Api) -> None:
    """RFC 9457 with a stable type, the code for programs, and the request's id."""
    refused = api.get("/v1/namespaces/nothing/graph", token=api.root)

    assert refused.mimetype == "application/problem+json"
    assert refused.get_json() == {
        "type": "/problems/unknown-namespace",
        "title": "Unknown namespace",
        "status": 404,
        "code": "unknown-namespace",
        "detail": "namespace 'nothing' holds nothing yet: publish a change to it",
        "request": refused.headers["X-Request-Id"],
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "unknown-route"),
        ("GET", "/v1/namespaces/", 404, "unknown-route"),
        ("GET", "//v1/namespaces", 404, "unknown-route"),
        ("POST", "/v1/namespaces", 405, "method-not-allowed"),
        ("PATCH", "/healthz", 405, "method-not-allowed"),
    ],
)
def test_unknown_routes_and_methods_are_problems(
    api: Api, method: str, path: str, status: int, code: str
) -> None:
    """What Flask refuses has the same form as what the API refuses."""
    refused = api.call(method, path)

    assert (refused.status_code, refused.get_json()["code"]) == (status, code)
    assert refused.mimetype == "application/problem+json"
    if status == 405:
        assert "GET" in refused.headers["Allow"]


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic YTpi",
        "Bearer",
        "Bearer nonsense",
        "Bearer cfg_aaaaaaaaaaaaaaaa_" + "a" * 32,
    ],
)
def test_request_without_a_valid_token_is_refused(api: Api, authorization: str | None) -> None:
    """401 with the scheme, and the token is not repeated."""
    headers = {} if authorization is None else {"Authorization": authorization}
    refused = api.get("graph", token=None, headers=headers)

    assert (refused.status_code, refused.get_json()["code"]) == (401, "unauthenticated")
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="configsvc"'
    assert "nonsense" not in refused.get_data(as_text=True)


def test_token_is_taken_from_the_header_alone(api: Api) -> None:
    """A token in a query would end in logs."""
    refused = api.get(f"graph?access_token={api.root}", token=None)

    assert refused.status_code == 401


def test_body_is_not_read_for_strangers(api: Api) -> None:
    """Who has no token learns nothing of what a body should be."""
    refused = api.call("POST", "changes", data=b"{", token=None)

    assert refused.status_code == 401


def test_store_that_does_not_answer_is_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the time after which to try again."""

    def unavailable(*_: object) -> None:
        raise StoreUnavailableError("reading", "it is away")

    monkeypatch.setattr(api.world.store, "get", unavailable)

    refused = api.get("graph")

    assert (refused.status_code, refused.get_json()["code"]) == (503, "store-unavailable")
    assert refused.headers["Retry-After"] == "1"


def test_unexpected_failure_says_nothing_of_itself(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 without the message, which may hold anything; the log has it."""

    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(api.world.store, "get", fail)
    with caplog.at_level(logging.ERROR, "configsvc.web"):
        refused = api.get("graph")

    assert (refused.status_code, refused.get_json()["code"]) == (500, "internal")
    assert "secret" not in refused.get_data(as_text=True)
    assert "a secret" in caplog.text


def test_codes_have_one_status_each() -> None:
    """A client may decide by the code alone."""
    for kind in TABLE.values():
        assert STATUS_BY_CODE[kind.code] == kind.status


def test_viewer_may_do_nothing_but_look(api: Api) -> None:
    """Every write of the API is refused to a viewer."""
    viewer = api.tokens[Role.VIEWER]
    new = {"If-None-Match": "*"}
    document = {
        "apiVersion": "configsvc/v1",
        "kind": "Timeout",
        "metadata": {"name": "x"},
        "spec": {"target": {"to": "score"}, "attempt": "1s"},
    }
    writes = (
        ("PUT", "/v1/namespaces/prod", {"strict": True}, {}),
        ("PUT", "resources/Timeout/x", document, new),
        ("DELETE", "resources/Timeout/default", None, {"If-Match": '"x"'}),
        ("POST", "changes", {"message": "m", "base": 1, "put": [document]}, {}),
        ("POST", "rollback", {"to": 1, "message": "m"}, {}),
        ("POST", "/v1/tokens", {"grants": {"prod": "viewer"}}, {}),
        ("GET", "audit", None, {}),
    )
    for method, path, body, headers in writes:
        refused = api.call(method, path, body, token=viewer, headers=headers)
        assert refused.status_code == 403, path
