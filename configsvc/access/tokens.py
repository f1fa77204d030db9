"""Minting tokens and verifying them: text to identity.

A token is ``cfg_ID_SECRET`` for an operator, ``cfa_`` for an agent and ``cfr_`` for a relay. ID
finds the record; SECRET has 160 random bits and exists only with its holder: the record keeps its
SHA-256.
A fast digest suffices, since 160 random bits cannot be guessed as a password can.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from configsvc.access.errors import (
    ExpiredTokenError,
    MalformedTokenError,
    RevokedTokenError,
    UnknownTokenError,
    WrongTokenKindError,
)
from configsvc.access.principals import Principal
from configsvc.access.records import AgentIdentity, TokenKind, TokenRecord
from configsvc.access.roles import Role

_ID_BYTES = 10
_SECRET_BYTES = 20
_PREFIXES = {TokenKind.OPERATOR: "cfg", TokenKind.AGENT: "cfa", TokenKind.RELAY: "cfr"}
_KINDS = {prefix: kind for kind, prefix in _PREFIXES.items()}
_TOKEN = re.compile(r"(cfg|cfa|cfr)_([a-z2-7]{16})_([a-z2-7]{32})")
_NO_DIGEST = "0" * 64

RandomBytes = Callable[[int], bytes]
"""Source of randomness: as many bytes as asked for."""


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token. `text` is shown once and never stored; `record` is what to store."""

    text: str = field(repr=False)
    record: TokenRecord


class PresentedToken(NamedTuple):
    """The two halves of a token's text."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"PresentedToken(id={self.id!r}, secret=...)"


def mint_operator(
    grants: Mapping[str, Role],
    now: int,
    *,
    label: str = "",
    not_after: int | None = None,
    random: RandomBytes = secrets.token_bytes,
) -> Minted:
    """Make a token for an operator (a person, or a build server).

    Args:
        grants: role per namespace, or under `EVERY_NAMESPACE`; at least one.
        now: becomes the record's creation time; microseconds since the Unix epoch.
        label: what people call it, at most 200 characters.
        not_after: last instant at which it is good, None for no end.
        random: source of randomness.

    Raises:
        InputError: no grant, a namespace that is not a DNS label, or too long a label.
    """
    token_id, secret = new_identity(random)
    record = TokenRecord(token_id, digest_of(secret), grants, None, label, now, not_after)
    return Minted(_text(record, secret), record)


def mint_agent(
    identity: AgentIdentity,
    now: int,
    *,
    label: str = "",
    not_after: int | None = None,
    random: RandomBytes = secrets.token_bytes,
) -> Minted:
    """Make a token for the agents of one service; arguments as for `mint_operator`."""
    token_id, secret = new_identity(random)
    record = TokenRecord(token_id, digest_of(secret), {}, identity, label, now, not_after)
    return Minted(_text(record, secret), record)


def mint_relay(
    namespaces: tuple[str, ...],
    now: int,
    *,
    label: str = "",
    not_after: int | None = None,
    random: RandomBytes = secrets.token_bytes,
) -> Minted:
    """Make a token for a relay of some namespaces; arguments as for `mint_operator`."""
    token_id, secret = new_identity(random)
    record = TokenRecord(
        token_id, digest_of(secret), {}, None, label, now, not_after, relay=namespaces
    )
    return Minted(_text(record, secret), record)


def parse_token(text: str, *, kind: TokenKind | None = None) -> PresentedToken:
    """Split a token's text into id and secret.

    Args:
        text: what stood after ``Bearer``.
        kind: the kind that is needed here; None takes any.

    Raises:
        MalformedTokenError: the text is not a token.
        WrongTokenKindError: it is a token of another kind.
    """
    match = _TOKEN.fullmatch(text)
    if not match:
        raise MalformedTokenError
    prefix, token_id, secret = match.groups()
    if kind and _KINDS[prefix] != kind:
        raise WrongTokenKindError(_KINDS[prefix], kind)
    return PresentedToken(token_id, secret)


def verify(record: TokenRecord | None, secret: str, now: int) -> Principal:
    """Return whom the secret proves its holder to be.

    Args:
        record: what the store has under the presented id; None if nothing.
        secret: the presented secret, compared in constant time.
        now: the instant of the request, microseconds since the Unix epoch.

    Raises:
        UnknownTokenError: there is no record, or the secret is wrong.
        RevokedTokenError: the token was withdrawn.
        ExpiredTokenError: ``now`` is past its end.
    """
    same = hmac.compare_digest(record.digest if record else _NO_DIGEST, digest_of(secret))
    if record is None or not same:
        raise UnknownTokenError
    return holder(record, now)


def holder(record: TokenRecord, now: int) -> Principal:
    """Whom a token stands for, of which the holder has been proved otherwise.

    Raises:
        RevokedTokenError: the token was withdrawn.
        ExpiredTokenError: ``now`` is past its end.
    """
    if record.revoked is not None:
        raise RevokedTokenError(record.id, record.revoked)
    if record.not_after is not None and now > record.not_after:
        raise ExpiredTokenError(record.id, record.not_after)
    return Principal(record.id, record.label, record.grants, record.agent, record.relay)


def new_identity(random: RandomBytes) -> tuple[str, str]:
    """A new public id and a secret."""
    return _base32(random(_ID_BYTES)), _base32(random(_SECRET_BYTES))


def _base32(data: bytes) -> str:
    """Lower case and digits only: a double click selects the token, and no quoting is needed."""
    return base64.b32encode(data).decode().lower()


def digest_of(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _text(record: TokenRecord, secret: str) -> str:
    return f"{_PREFIXES[record.kind]}_{record.id}_{secret}"
