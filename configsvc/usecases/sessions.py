"""Sessions of the console: opened with a token, followed request by request, closed."""

from dataclasses import dataclass, field
from typing import Final

from configsvc.access import (
    Principal,
    SessionRecord,
    csrf_token,
    parse_session,
    start_session,
    verify_session,
)
from configsvc.store import Records, Store, layout
from configsvc.usecases.moment import Moment
from configsvc.usecases.tokens import Tokens

MAX_OF_TOKEN: Final = 100
"""Sessions that one token may have open; opening another closes the one that ends first."""


@dataclass(frozen=True, slots=True)
class Session:
    """An open session: the cookie's text, who holds it, what writes must carry, when it ends.

    `not_after` is in microseconds since the Unix epoch.
    """

    text: str = field(repr=False)
    principal: Principal
    csrf: str = field(repr=False)
    not_after: int


class Sessions:
    """Keeps sessions in the store, so that every process of every node knows them."""

    def __init__(self, store: Store, tokens: Tokens, moment: Moment) -> None:
        self._records: Records[SessionRecord] = Records(
            store, SessionRecord.to_json, SessionRecord.from_json
        )
        self._tokens = tokens
        self._moment = moment

    def open(self, token: str) -> Session:
        """A new session for the holder of a token; raises an `UnauthenticatedError`."""
        principal = self._tokens.authenticate(token)
        self._make_room(principal.token_id)
        started = start_session(principal.token_id, self._moment.micros())
        self._records.put(layout.session(started.record.id), started.record)
        return self.find(started.text)

    def find(self, text: str) -> Session:
        """The session of a cookie, with its token's rights of now.

        Raises:
            UnauthenticatedError: it is unknown or has ended, or so has its token.
        """
        presented = parse_session(text)
        kept = self._records.get(layout.session(presented.id))
        record = verify_session(
            kept.value if kept else None, presented.secret, self._moment.micros()
        )
        principal = self._tokens.holder(record.token_id)
        return Session(text, principal, csrf_token(presented.secret), record.not_after)

    def close(self, session: Session) -> None:
        """End a session for good."""
        self._records.delete(layout.session(parse_session(session.text).id))

    def _make_room(self, token_id: str) -> None:
        """Delete what has ended, and of a token's sessions those beyond the bound."""
        now = self._moment.micros()
        kept = sorted(self._records.list(layout.SESSIONS), key=lambda each: each.value.not_after)
        own = [each for each in kept if each.value.token_id == token_id]
        over = {each.key for each in own[: max(0, len(own) + 1 - MAX_OF_TOKEN)]}
        for each in kept:
            if each.value.not_after < now or each.key in over:
                self._records.delete(each.key)
