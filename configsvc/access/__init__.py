"""Tokens, roles and rights: who may do what, decided without any I/O."""

from configsvc.access.errors import (
    ExpiredTokenError,
    ForbiddenError,
    InvalidTokenRecordError,
    MalformedTokenError,
    RevokedTokenError,
    UnauthenticatedError,
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
from configsvc.access.tokens import Minted, mint_agent, mint_operator, parse_token, verify

__all__ = [
    "EVERY_NAMESPACE",
    "AgentIdentity",
    "ExpiredTokenError",
    "ForbiddenError",
    "InvalidTokenRecordError",
    "MalformedTokenError",
    "Minted",
    "Principal",
    "RevokedTokenError",
    "Right",
    "Role",
    "TokenKind",
    "TokenRecord",
    "UnauthenticatedError",
    "UnknownTokenError",
    "WrongIdentityError",
    "WrongTokenKindError",
    "decode_record",
    "encode_record",
    "mint_agent",
    "mint_operator",
    "parse_token",
    "verify",
]
