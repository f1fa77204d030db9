"""Sessions of the console: a browser shows a token once and holds a cookie from then on.

The cookie's text is ``cfs_ID_SECRET``, made as a token is: ID finds the record, SECRET exists with
the browser alone. A session may do what its token may at the time of each request, and no longer.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from configsvc.access.errors import ExpiredSessionError, UnknownSessionError
from configsvc.access.tokens import PresentedToken, RandomBytes, digest_of, new_identity

LIFETIME: Final = 12 * 3600 * 1_000_000
"""Microseconds for which a session lasts, whatever happens in it."""

_SESSION: Final = re.compile(r"cfs_([a-z2-7]{16})_([a-z2-7]{32})")
_NO_DIGEST: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as stored.

    Args:
        id: public part of the cookie.
        digest: lower-case hexadecimal SHA-256 of its secret.
        token_id: the token that was shown.
        not_after: last instant at which it is good; microseconds since the Unix epoch.
    """

    id: str
    digest: str
    token_id: str
    not_after: int

    def to_json(self) -> dict[str, Any]:
        """As a JSON object, for `from_json`."""
        return {
            "id": self.id,
            "digest": self.digest,
            "token": self.token_id,
            "notAfter": self.not_after,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raises `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            str(value["id"]), str(value["digest"]), str(value["token"]), int(value["notAfter"])
        )


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A new session: the cookie's text, which is not stored, and the record to store."""

    text: str = field(repr=False)
    record: SessionRecord


def start_session(
    token_id: str, now: int, *, random: RandomBytes = secrets.token_bytes
) -> StartedSession:
    """Make a session for the holder of a token; `now` in microseconds since the Unix epoch."""
    session_id, secret = new_identity(random)
    record = SessionRecord(session_id, digest_of(secret), token_id, now + LIFETIME)
    return StartedSession(f"cfs_{session_id}_{secret}", record)


def parse_session(text: str) -> PresentedToken:
    """Split a cookie's text; raises `UnknownSessionError`."""
    match = _SESSION.fullmatch(text)
    if not match:
        raise UnknownSessionError
    return PresentedToken(match[1], match[2])


def verify_session(record: SessionRecord | None, secret: str, now: int) -> SessionRecord:
    """The record, if the secret is its own and it has not ended.

    Raises:
        UnknownSessionError: there is no record, or the secret is wrong.
        ExpiredSessionError: `now` is past its end.
    """
    same = hmac.compare_digest(record.digest if record else _NO_DIGEST, digest_of(secret))
    if record is None or not same:
        raise UnknownSessionError
    if now > record.not_after:
        raise ExpiredSessionError
    return record


def csrf_token(secret: str) -> str:
    """What a page of the console sends with each write, to show that it could read an answer.

    It follows from the session's secret, which the page itself cannot see.
    """
    return hmac.new(secret.encode(), b"configsvc csrf", hashlib.sha256).hexdigest()
