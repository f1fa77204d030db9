"""The shapes of namespaces, audit trails, tokens and health."""

from typing import Final

from configsvc.access import Role, TokenKind
from configsvc.web.api.contract.shapes.terms import (
    FLAG,
    NAME,
    REVISION,
    TEXT,
    TIME,
    Shape,
    listed,
    mapped,
    nullable,
    one_of,
    page,
    record,
    ref,
)

_ROLE: Final = one_of(map(str, Role))
_AGENT: Final = record({"namespace": NAME, "service": NAME})
_LABEL: Final[Shape] = {"type": "string", "maxLength": 200}
_TOKEN: Final[dict[str, Shape]] = {
    "id": TEXT,
    "kind": one_of(TokenKind),
    "label": TEXT,
    "grants": mapped(_ROLE),
    "agent": nullable(_AGENT),
    "relay": listed(NAME),
    "created": TIME,
    "notAfter": nullable(TIME),
    "revoked": nullable(TIME),
}

SHAPES: Final[dict[str, Shape]] = {
    "Health": record({"status": one_of(("ok",))}),
    "NamespaceSettings": record({"strict": FLAG}),
    "NamespaceRules": record({"name": TEXT, "strict": FLAG}),
    "Namespace": record(
        {"name": TEXT, "revision": REVISION, "epoch": nullable(TEXT), "strict": FLAG}
    ),
    "Namespaces": page(record({"name": TEXT, "revision": REVISION, "epoch": TEXT})),
    "AuditEntry": record(
        {
            "time": TIME,
            "actor": TEXT,
            "action": TEXT,
            "revision": nullable(REVISION),
            "detail": mapped(TEXT),
        }
    ),
    "AuditEntries": page(ref("AuditEntry"), following=TEXT),
    "NewToken": {
        "oneOf": [
            record(
                {
                    "grants": {
                        "type": "object",
                        "minProperties": 1,
                        "propertyNames": {"anyOf": [NAME, {"const": "*"}]},
                        "additionalProperties": _ROLE,
                    }
                },
                {"label": _LABEL, "notAfter": TIME},
                says="An operator's token: a role by namespace, or under `*` for every one.",
            ),
            record(
                {"agent": _AGENT},
                {"label": _LABEL, "notAfter": TIME},
                says="A token for the agents of one service.",
            ),
            record(
                {"relay": listed(NAME, minItems=1, maxItems=100)},
                {"label": _LABEL, "notAfter": TIME},
                says="A token for a relay, which serves all agents of these namespaces.",
            ),
        ]
    },
    "Token": record(_TOKEN, says="A token without its secret."),
    "MintedToken": record({**_TOKEN, "token": TEXT}, says="A new token, shown only this once."),
    "NewSession": record({"token": {"type": "string", "maxLength": 200}}),
    "Session": record(
        {
            "name": TEXT,
            "token": TEXT,
            "grants": mapped(_ROLE),
            "csrf": nullable(TEXT),
            "notAfter": nullable(TIME),
        },
        says="Who asks. In a session, each write carries `csrf` in its header X-CSRF-Token.",
    ),
    "Tokens": page(ref("Token")),
}
