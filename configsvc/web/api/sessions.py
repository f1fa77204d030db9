"""Sessions: a browser shows a token once and holds a cookie that no script can read."""

from http import HTTPStatus
from typing import Any

from flask import Response, g, request

from configsvc.access import Principal
from configsvc.usecases import Session, rfc3339
from configsvc.web.api.bodies import json_body
from configsvc.web.api.contract.operations import Answer, Body, Routes
from configsvc.web.api.incoming import cookie_name, plane, principal
from configsvc.web.api.rendering import answer

routes = Routes("sessions")


@routes.add(
    "POST",
    "/v1/session",
    {201: Answer("The session; its cookie is set.", "Session")},
    body=Body("NewSession"),
    problems=("unauthenticated", "store-unavailable", "store-full"),
    public=True,
)
def open_session() -> Response:
    """Sign in with an operator's token: from now on the cookie that is set stands for it."""
    session = plane().sessions.open(json_body("NewSession")["token"])
    response = answer(_session_json(session.principal, session), HTTPStatus.CREATED)
    response.set_cookie(
        cookie_name(), session.text, httponly=True, secure=request.is_secure, samesite="Strict"
    )
    return response


@routes.add("GET", "/v1/session", {200: Answer("Who asks.", "Session")})
def get_session() -> Response:
    """Who asks, what they may do where, and what writes in a session must carry."""
    return answer(_session_json(principal(), g.get("session")))


@routes.add(
    "DELETE",
    "/v1/session",
    {200: Answer("Who has signed out.", "Session")},
    problems=("store-full",),
)
def close_session() -> Response:
    """Sign out: the cookie is worth nothing from now on."""
    session = g.get("session")
    response = answer(_session_json(principal(), None))
    if session is not None:
        plane().sessions.close(session)
        response.delete_cookie(cookie_name(), samesite="Strict")
    return response


def _session_json(who: Principal, session: Session | None) -> dict[str, Any]:
    return {
        "name": who.name,
        "token": who.token_id,
        "grants": {namespace: str(role) for namespace, role in who.grants.items()},
        "csrf": session.csrf if session else None,
        "notAfter": rfc3339(session.not_after) if session else None,
    }
