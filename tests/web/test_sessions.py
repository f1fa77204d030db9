"""Sessions over HTTP: the cookie, and what a write in a session needs."""

import pytest
from werkzeug.test import TestResponse

from configsvc.access import Role
from tests.usecases.world import BROKEN_TIMEOUT, timeout
from tests.web.calling import Api


def sign_in(api: Api, role: Role = Role.ADMIN, **options: object) -> TestResponse:
    """Open a session; the client keeps its cookie."""
    return api.post("/v1/session", {"token": api.tokens[role]}, token=None, **options)


def test_signing_in_sets_a_cookie_that_no_script_reads_and_no_other_site_sends(api: Api) -> None:
    """HttpOnly, SameSite=Strict, and gone with the browser."""
    answer = sign_in(api)

    assert answer.status_code == 201
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("configsvc=cfs_")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert answer.get_json()["grants"] == {"prod": "admin"}


def test_over_tls_the_cookie_is_of_this_origin_alone(api: Api) -> None:
    """Secure, and by its name unforgeable from a sibling domain."""
    answer = api.app.test_client().post(
        "https://localhost/v1/session", json={"token": api.tokens[Role.ADMIN]}
    )

    assert answer.headers["Set-Cookie"].startswith("__Host-configsvc=cfs_")
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")


def test_the_cookie_stands_for_the_token(api: Api) -> None:
    """Reads need nothing else."""
    sign_in(api, Role.VIEWER)

    assert api.get("resources", token=None).status_code == 200
    assert api.get("/v1/session", token=None).get_json()["name"] == "viewer"


@pytest.mark.parametrize("sent", [None, "", "0" * 64])
def test_a_write_without_its_csrf_token_is_refused(api: Api, sent: str | None) -> None:
    """A form on another site can send the cookie at most, never what the API has told the page."""
    sign_in(api)
    headers = {} if sent is None else {"X-CSRF-Token": sent}
    change = {"message": "m", "base": 1, "put": [timeout(attempt="400ms")]}
    answer = api.post("changes", change, token=None, headers=headers)

    assert answer.status_code == 403
    assert answer.get_json()["code"] == "csrf-token-missing"
    assert api.world.revision == 1


def test_a_write_with_it_is_taken(api: Api) -> None:
    """The page has it from its session."""
    csrf = sign_in(api).get_json()["csrf"]
    change = {"message": "m", "base": 1, "put": [timeout(attempt="400ms")]}
    answer = api.post("changes", change, token=None, headers={"X-CSRF-Token": csrf})

    assert answer.status_code == 200
    assert api.world.revision == 2


def test_a_viewers_session_cannot_publish(api: Api) -> None:
    """Roles hold in sessions as they do for tokens."""
    csrf = sign_in(api, Role.VIEWER).get_json()["csrf"]
    change = {"message": "m", "base": 1, "put": [BROKEN_TIMEOUT]}
    answer = api.post("changes", change, token=None, headers={"X-CSRF-Token": csrf})

    assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")


def test_signing_out_ends_it(api: Api) -> None:
    """The cookie is taken back, and worth nothing to who kept it."""
    opened = sign_in(api)
    kept = opened.headers["Set-Cookie"].partition(";")[0]
    csrf = opened.get_json()["csrf"]
    closed = api.call("DELETE", "/v1/session", token=None, headers={"X-CSRF-Token": csrf})

    assert closed.status_code == 200
    assert api.get("resources", token=None).status_code == 401
    again = api.app.test_client().get("/v1/session", headers={"Cookie": kept})
    assert again.status_code == 401


def test_a_token_beside_a_cookie_is_what_counts(api: Api) -> None:
    """Programs that keep cookies by accident are not asked for a CSRF token."""
    sign_in(api, Role.VIEWER)

    assert api.publish(timeout(attempt="400ms")).status_code == 200
