"""Who an agent is: its token against the records, and its query against its token."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from configsvc.access import (
    Principal,
    TokenKind,
    TokenRecord,
    UnauthenticatedError,
    WrongIdentityError,
    parse_token,
    verify,
)
from configsvc.agentgate.http import ProblemError, Request, bad_request
from configsvc.model.names import InvalidNameError, check_name

MAX_LABELS: Final = 16
"""Labels of one agent."""

_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})
_LABEL: Final = re.compile(r"([A-Za-z0-9._/-]{1,63})=([A-Za-z0-9._/-]{1,63})")
_INSTANCE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class UnknownRecordError(Exception):
    """A token's record is not known here yet; the store may have it."""

    def __init__(self, token_id: str) -> None:
        self.token_id = token_id
        super().__init__(token_id)


class Doorkeeper:
    """Knows the records of tokens, as far as the store has told."""

    def __init__(self) -> None:
        self._records: dict[str, TokenRecord] = {}

    def learn(self, records: Mapping[str, TokenRecord | None]) -> frozenset[str]:
        """Take changed records, None for deleted ones; return tokens that are good no more."""
        ended = set()
        for token_id, record in records.items():
            if record is None:
                self._records.pop(token_id, None)
                ended.add(token_id)
                continue
            self._records[token_id] = record
            if record.revoked is not None:
                ended.add(token_id)
        return frozenset(ended)

    def learn_unknown(self, record: TokenRecord) -> None:
        """Take a record that was looked up, unless the watch has told of it meanwhile.

        It may have been read before the token was withdrawn.
        """
        self._records.setdefault(record.id, record)

    def replace(self, records: Mapping[str, TokenRecord]) -> frozenset[str]:
        """Take all records anew; return tokens that are good no more."""
        missing = dict.fromkeys(self._records.keys() - records.keys())
        return self.learn({**missing, **records})

    def admit(
        self,
        request: Request,
        now: int,
        *,
        looked_up: bool = False,
        kind: TokenKind = TokenKind.AGENT,
    ) -> Principal:
        """Return whose token the request carries.

        Args:
            request: with an `Authorization` header.
            now: microseconds since the Unix epoch.
            looked_up: True once the store was asked for an unknown record.
            kind: whose token it must be.

        Raises:
            UnknownRecordError: the store is to be asked for the record first.
            ProblemError: 401, the token is missing or not good.
        """
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise _unauthenticated("send the agent's token as 'Authorization: Bearer TOKEN'")
        try:
            token_id, secret = parse_token(text.strip(), kind=kind)
            if token_id not in self._records and not looked_up:
                raise UnknownRecordError(token_id)
            return verify(self._records.get(token_id), secret, now)
        except UnauthenticatedError as exc:
            raise _unauthenticated(str(exc)) from exc

    def expired(self, now: int) -> frozenset[str]:
        """Tokens that were good once and have ended by now."""
        return frozenset(
            token_id
            for token_id, record in self._records.items()
            if record.not_after is not None and now > record.not_after
        )


def require_identity(principal: Principal, namespace: str, service: str) -> None:
    """Do nothing if the token is that of the named service.

    Raises:
        ProblemError: 400, a name is no name; 403, it belongs to another service.
    """
    try:
        check_name("namespace", namespace)
        check_name("service", service)
        principal.require_agent(namespace, service)
    except InvalidNameError as exc:
        raise bad_request(str(exc)) from exc
    except WrongIdentityError as exc:
        raise ProblemError(HTTPStatus.FORBIDDEN, "wrong-identity", str(exc)) from exc


def check_instance(instance: str) -> str:
    """Return an agent's own name for its process if it is one.

    Raises:
        ProblemError: 400, it is not.
    """
    if not _INSTANCE.fullmatch(instance):
        raise bad_request(
            f"instance {instance[:80]!r} is not 1 to 128 characters of A-Z a-z 0-9 . _ : -"
        )
    return instance


def named_instance(request: Request) -> str:
    """The name that whoever asks without a stream gives its process; empty if it gives none.

    Raises:
        ProblemError: 400, it is no name.
    """
    name = request.query.get("instance")
    return check_instance(name) if name else ""


def labels_of(request: Request) -> Mapping[str, str]:
    """What an agent says of itself: the query ``labels``, written ``zone=a,canary=yes``.

    Raises:
        ProblemError: 400, they are none, or too many.
    """
    text = request.query.get("labels")
    if not text:
        return _NO_LABELS
    pairs = [_LABEL.fullmatch(pair) for pair in text.split(",", MAX_LABELS)]
    labels = {pair[1]: pair[2] for pair in pairs if pair is not None}
    if len(pairs) > MAX_LABELS or len(labels) < len(pairs):
        raise bad_request(
            f"labels {text[:80]!r} are not up to {MAX_LABELS} different 'NAME=VALUE', with commas "
            "between them, of 1 to 63 characters A-Z a-z 0-9 . _ / - each"
        )
    return MappingProxyType(labels)


def _unauthenticated(detail: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED, "unauthenticated", detail, {"WWW-Authenticate": "Bearer"}
    )
