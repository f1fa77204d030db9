"""Tokens: minting, listing, revoking."""

from datetime import datetime
from http import HTTPStatus

from flask import Response

from configsvc.access import AgentIdentity, Role
from configsvc.schema import DocumentError, Problem
from configsvc.schema import Location as Place
from configsvc.web.api.bodies import json_body
from configsvc.web.api.contract.operations import Answer, Body, Routes
from configsvc.web.api.errors import MalformedBodyError
from configsvc.web.api.incoming import plane, principal
from configsvc.web.api.rendering import answer, token_json

routes = Routes("tokens")

_ROLES = {str(role): role for role in Role}


@routes.add("GET", "/v1/tokens", {200: Answer("The tokens.", "Tokens")})
def tokens() -> Response:
    """The tokens that the reader may administer, without their secrets."""
    return answer({"items": [token_json(each) for each in plane().tokens.list(principal())]})


@routes.add(
    "POST",
    "/v1/tokens",
    {201: Answer("The token, with its text.", "MintedToken")},
    body=Body("NewToken"),
    problems=("forbidden", "invalid-input", "store-full"),
)
def mint_token() -> Response:
    """A new token; its text is in this answer and nowhere else."""
    sent, minter = json_body("NewToken"), plane().tokens
    label, not_after = sent.get("label", ""), _instant(sent.get("notAfter"))
    if "grants" in sent:
        grants = {namespace: _ROLES[role] for namespace, role in sent["grants"].items()}
        minted, record = minter.mint_operator(principal(), grants, label, not_after)
    elif "relay" in sent:
        namespaces = tuple(dict.fromkeys(sent["relay"]))
        minted, record = minter.mint_relay(principal(), namespaces, label, not_after)
    else:
        identity = AgentIdentity(**sent["agent"])
        minted, record = minter.mint_agent(principal(), identity, label, not_after)
    return answer({**token_json(record), "token": minted}, HTTPStatus.CREATED)


@routes.add(
    "DELETE",
    "/v1/tokens/{id}",
    {200: Answer("The token, now of no use.", "Token")},
    problems=("unknown-token", "contention", "store-full"),
)
def revoke_token(id: str) -> Response:  # noqa: A002 as the path calls it
    """Withdraw a token for good."""
    return answer(token_json(plane().tokens.revoke(principal(), id)))


def _instant(sent: str | None) -> int | None:
    """A time of RFC 3339 in microseconds since the Unix epoch."""
    if sent is None:
        return None
    try:
        moment = datetime.fromisoformat(sent)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = "not a time of RFC 3339 with its zone: write 2030-01-31T12:00:00Z"
        error = DocumentError.at(Place("body"), Problem("/notAfter", message, sent[:60]))
        raise MalformedBodyError((error,))
    return int(moment.timestamp() * 1_000_000)
