"""Why somebody was not let in. No message ever carries a secret."""

from datetime import UTC, datetime, timedelta

from configsvc.access.roles import Right, Role
from configsvc.errors import InputError, OperationError

_YEAR_9999 = 253_370_764_800_000_000
"""The last instant that can be written as a date."""


class UnauthenticatedError(InputError):
    """The request does not prove who sends it (401)."""


class MalformedTokenError(UnauthenticatedError):
    """The text is not a token; it is not repeated, because it may be a secret mistyped."""

    def __init__(self) -> None:
        super().__init__(
            "the bearer token is not a configsvc token, which looks like 'cfg_ID_SECRET' "
            "(operators), 'cfa_ID_SECRET' (agents) or 'cfr_ID_SECRET' (relays): "
            "copy it again in full"
        )


class UnknownTokenError(UnauthenticatedError):
    """No such token, or a wrong secret: a caller cannot tell which."""

    def __init__(self) -> None:
        super().__init__("the bearer token is unknown here: mint a new one, or check the server")


class ExpiredTokenError(UnauthenticatedError):
    """The token was good until `not_after`."""

    def __init__(self, token_id: str, not_after: int) -> None:
        self.token_id = token_id
        self.not_after = not_after
        super().__init__(f"token {token_id} expired at {_utc(not_after)}: mint a new one")


class RevokedTokenError(UnauthenticatedError):
    """Somebody withdrew the token."""

    def __init__(self, token_id: str, revoked: int) -> None:
        self.token_id = token_id
        self.revoked = revoked
        super().__init__(f"token {token_id} was revoked at {_utc(revoked)}: mint a new one")


class WrongTokenKindError(UnauthenticatedError):
    """A token where one of another kind is needed."""

    def __init__(self, seen: str, wanted: str) -> None:
        self.seen = seen
        self.wanted = wanted
        super().__init__(
            f"this is a token for {seen}s, and one for {wanted}s is needed here: "
            "they are not interchangeable"
        )


class UnknownSessionError(UnauthenticatedError):
    """No such session, or it was closed."""

    def __init__(self) -> None:
        super().__init__("the session is unknown here, or was closed: sign in again")


class ExpiredSessionError(UnauthenticatedError):
    """The session has lasted as long as sessions do."""

    def __init__(self) -> None:
        super().__init__("the session has ended: sign in again")


class MissingCsrfTokenError(InputError):
    """A write came with a session's cookie and without proof that a page of the console sent it."""

    def __init__(self) -> None:
        super().__init__(
            "a write in a session needs its header X-CSRF-Token, as GET /v1/session tells it; "
            "programs send 'Authorization: Bearer TOKEN' instead of a cookie"
        )


class ForbiddenError(InputError):
    """An operator's role does not carry the right (403)."""

    def __init__(self, namespace: str, right: Right, held: Role | None) -> None:
        self.namespace = namespace
        self.right = right
        self.needed = right.least_role
        self.held = held
        has = f"has the role {held}" if held else "has no role"
        super().__init__(
            f"{right} needs the role {self.needed} in namespace {namespace!r}; this token {has} "
            "there: ask an admin of the namespace for another token"
        )


class WrongIdentityError(InputError):
    """An agent asks in the name of another service or namespace (403)."""

    def __init__(self, token: tuple[str, str], asked: tuple[str, str]) -> None:
        self.token = token
        self.asked = asked
        super().__init__(
            f"the token belongs to service {token[1]!r} in namespace {token[0]!r}, and the request "
            f"asks for {asked[1]!r} in {asked[0]!r}: use that service's own token"
        )


class InvalidTokenRecordError(OperationError, ValueError):
    """A stored token record cannot be read."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"a stored token record cannot be read: {why}; revoke the token and mint a new one"
        )


def _utc(instant: int) -> str:
    """Microseconds since the Unix epoch as people read them."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=min(instant, _YEAR_9999))
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
