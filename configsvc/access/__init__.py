"""Tokens, roles and rights: who may do what, decided without any I/O."""

from configsvc.access.errors import (
    ExpiredSessionError,
    ExpiredTokenError,
    ForbiddenError,
    InvalidTokenRecordError,
    MalformedTokenError,
    MissingCsrfTokenError,
    RevokedTokenError,
    UnauthenticatedError,
    UnknownSessionError,
    UnknownTokenError,
    WrongIdentityError,
    WrongTokenKindError,
)
from configsvc.access.principals import Principal
from configsvc.access.records import (
    EVERY_NAMESPACE,
    AgentIdentity,
    TokenKind,
    TokenRecord,
    decode_record,
    encode_record,
)
from configsvc.access.roles import Right, Role
from configsvc.access.sessions import (
    SessionRecord,
    csrf_token,
    parse_session,
    start_session,
    verify_session,
)
from configsvc.access.tokens import (
    Minted,
    holder,
    mint_agent,
    mint_operator,
    mint_relay,
    parse_token,
    verify,
)

__all__ = [
    "EVERY_NAMESPACE",
    "AgentIdentity",
    "ExpiredSessionError",
    "ExpiredTokenError",
    "ForbiddenError",
    "InvalidTokenRecordError",
    "MalformedTokenError",
    "Minted",
    "MissingCsrfTokenError",
    "Principal",
    "RevokedTokenError",
    "Right",
    "Role",
    "SessionRecord",
    "TokenKind",
    "TokenRecord",
    "UnauthenticatedError",
    "UnknownSessionError",
    "UnknownTokenError",
    "WrongIdentityError",
    "WrongTokenKindError",
    "csrf_token",
    "decode_record",
    "encode_record",
    "holder",
    "mint_agent",
    "mint_operator",
    "mint_relay",
    "parse_session",
    "parse_token",
    "start_session",
    "verify",
    "verify_session",
]
