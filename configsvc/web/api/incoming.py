"""Requests: who sends them, what they are about, and what their headers say."""

import hmac
import re
from collections.abc import Callable
from typing import Final, cast

from flask import current_app, g, request
from werkzeug.routing import BaseConverter

from configsvc.access import MissingCsrfTokenError, Principal, UnauthenticatedError
from configsvc.model.names import Key, Kind, check_name
from configsvc.usecases import ControlPlane, Precondition, Repeat
from configsvc.usecases.errors import PreconditionRequiredError
from configsvc.usecases.repeats import MAX_KEY
from configsvc.web.api.errors import MalformedRequestError, UnknownKindError

_BEARER: Final = re.compile(r"Bearer +(\S+)", re.IGNORECASE)
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ETAG: Final = re.compile(r'"([\x21\x23-\x7e]*)"')


class RevisionConverter(BaseConverter):
    """A revision in a path: a whole number from 1, of at most 15 digits."""

    regex = "[1-9][0-9]{0,14}"

    def to_python(self, value: str) -> int:
        """See werkzeug."""
        return int(value)


class MissingTokenError(UnauthenticatedError):
    """The request carries no bearer token."""

    def __init__(self) -> None:
        super().__init__("a bearer token is needed: send 'Authorization: Bearer TOKEN'")


def plane() -> ControlPlane:
    """The use cases of this process."""
    return cast("ControlPlane", current_app.extensions["configsvc"])


def principal() -> Principal:
    """Who sends the request, by a bearer token or a session's cookie.

    Raises:
        UnauthenticatedError: nobody that is known.
        MissingCsrfTokenError: a write with a cookie that no page of the console has sent.
    """
    if "principal" not in g:
        g.principal = caller()()
    return cast("Principal", g.principal)


def caller() -> Callable[[], Principal]:
    """Tells anew who sends the request, as long as it lasts; raises as `principal`."""
    control, header = plane(), request.headers.get("Authorization")
    cookie = request.cookies.get(cookie_name())
    if header is None and cookie is not None:
        g.session = control.sessions.find(cookie)
        _check_origin(g.session.csrf)
        return lambda: control.sessions.find(cookie).principal
    match = _BEARER.fullmatch(header or "")
    if match is None:
        raise MissingTokenError
    return lambda: control.tokens.authenticate(match[1])


def cookie_name() -> str:
    """The session's cookie: over TLS under a name that only this very origin can set."""
    return "__Host-configsvc" if request.is_secure else "configsvc"


def _check_origin(csrf: str) -> None:
    """Do nothing for reads, and for writes that only a page of this origin can have sent."""
    if request.method in _SAFE:
        return
    sent = request.headers.get("X-CSRF-Token", "")
    if not hmac.compare_digest(sent.encode(), csrf.encode()):
        raise MissingCsrfTokenError


def namespace_of(name: str) -> str:
    """The namespace of a path; raises `InvalidNameError`."""
    return check_name("namespace", name)


def kind_of(name: str) -> Kind:
    """The kind of a path; raises `UnknownKindError`."""
    if name not in Kind._value2member_map_:
        raise UnknownKindError(name)
    return Kind(name)


def key_of(kind: str, name: str) -> Key:
    """The resource of a path; raises `UnknownKindError` and `InvalidNameError`."""
    return Key(kind_of(kind), check_name("name", name))


def precondition(key: Key, *, may_create: bool) -> Precondition:
    """What a write of one resource says that the resource must be.

    Args:
        key: the resource.
        may_create: whether it may be absent, which ``If-None-Match: *`` says.

    Raises:
        PreconditionRequiredError: the request says nothing.
        MalformedRequestError: what it says cannot be read.
    """
    match, none_match = (request.headers.get(name) for name in ("If-Match", "If-None-Match"))
    if match is None and none_match is None:
        raise PreconditionRequiredError(key)
    if match is None and none_match == "*" and may_create:
        return Precondition(key, None)
    if none_match is not None:
        raise MalformedRequestError(
            "If-None-Match is taken of a PUT alone, as '*' and without If-Match"
        )
    etag = _ETAG.fullmatch(match or "")
    if etag is None:
        raise MalformedRequestError(
            f"If-Match is {match!r:.80}: send one ETag in double quotes, as GET gave it"
        )
    return Precondition(key, etag[1])


def repeat() -> Repeat | None:
    """The idempotency key of the request, bound to its author and content."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY:
        raise MalformedRequestError(f"Idempotency-Key must have 1 to {MAX_KEY} characters")
    content = b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data()))
    return Repeat.of(key, principal().token_id, content)
