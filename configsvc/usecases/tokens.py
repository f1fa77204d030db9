"""Tokens: minting, listing, revoking, and telling who sends a request."""

from collections.abc import Callable, Mapping

from configsvc.access import (
    EVERY_NAMESPACE,
    AgentIdentity,
    Principal,
    Right,
    Role,
    TokenKind,
    TokenRecord,
    UnknownTokenError,
    decode_record,
    encode_record,
    holder,
    mint_agent,
    mint_operator,
    mint_relay,
    parse_token,
    verify,
)
from configsvc.store import ABSENT, AuditEntry, AuditTrail, Records, Store, layout
from configsvc.usecases.errors import UnknownTokenIdError
from configsvc.usecases.moment import Moment

AUDIT_NAMESPACE = "configsvc"
"""The audit trail of what belongs to no single namespace."""


class Tokens:
    """Keeps tokens in the store; secrets leave once, when they are minted."""

    def __init__(self, store: Store, audit: AuditTrail, moment: Moment) -> None:
        self._records: Records[TokenRecord] = Records(store, encode_record, decode_record)
        self._audit = audit
        self._moment = moment

    def authenticate(self, text: str, kind: TokenKind = TokenKind.OPERATOR) -> Principal:
        """Whose token this is; raises an `UnauthenticatedError` that never repeats it."""
        presented = parse_token(text, kind=kind)
        kept = self._records.get(layout.token(presented.id))
        return verify(kept.value if kept else None, presented.secret, self._moment.micros())

    def holder(self, identifier: str) -> Principal:
        """Whom a token stands for; only for who was authenticated by it before.

        Raises:
            UnauthenticatedError: it is gone, revoked or expired.
        """
        kept = self._records.get(layout.token(identifier))
        if kept is None:
            raise UnknownTokenError
        return holder(kept.value, self._moment.micros())

    def mint_first(self, hand_over: Callable[[str], None]) -> bool:
        """Make a token that may do everything, if there is no token at all; True if it did.

        `hand_over` gives its text to somebody, before it is stored: a token that nobody holds
        would lock everybody out.
        """
        if self._records.list(layout.TOKENS, limit=1):
            return False
        minted = mint_operator(
            {EVERY_NAMESPACE: Role.ADMIN}, self._moment.micros(), label="first admin"
        )
        hand_over(minted.text)
        self._records.put(layout.token(minted.record.id), minted.record, expected=ABSENT)
        return True

    def mint_operator(
        self,
        who: Principal,
        grants: Mapping[str, Role],
        label: str,
        not_after: int | None = None,
    ) -> tuple[str, TokenRecord]:
        """A new operator's token: its text, shown only here, and its record.

        Args:
            who: the minter.
            grants: role by namespace, or under ``*`` for every one.
            label: what people call the token.
            not_after: microseconds since the Unix epoch; None for no end.

        Raises:
            ForbiddenError: the minter is not an admin of every namespace granted.
        """
        for namespace in grants:
            who.require(namespace, Right.TOKENS)
        minted = mint_operator(grants, self._moment.micros(), label=label, not_after=not_after)
        return self._keep(who, minted.text, minted.record)

    def mint_agent(
        self, who: Principal, identity: AgentIdentity, label: str, not_after: int | None = None
    ) -> tuple[str, TokenRecord]:
        """A new token for the agents of one service; raises `ForbiddenError`."""
        who.require(identity.namespace, Right.TOKENS)
        minted = mint_agent(identity, self._moment.micros(), label=label, not_after=not_after)
        return self._keep(who, minted.text, minted.record)

    def mint_relay(
        self, who: Principal, namespaces: tuple[str, ...], label: str, not_after: int | None = None
    ) -> tuple[str, TokenRecord]:
        """A new token for a relay of these namespaces; raises `ForbiddenError`."""
        for namespace in namespaces:
            who.require(namespace, Right.TOKENS)
        minted = mint_relay(namespaces, self._moment.micros(), label=label, not_after=not_after)
        return self._keep(who, minted.text, minted.record)

    def list(self, who: Principal) -> tuple[TokenRecord, ...]:
        """The tokens that the reader may administer, by id."""
        kept = self._records.list(layout.TOKENS)
        return tuple(each.value for each in kept if _may_administer(who, each.value))

    def revoke(self, who: Principal, identifier: str) -> TokenRecord:
        """Withdraw a token for good; a second time changes nothing.

        Raises:
            UnknownTokenIdError: there is no such token among those the caller may administer.
            CompareFailedError: somebody wrote it meanwhile; try again.
        """
        kept = self._records.get(layout.token(identifier))
        if kept is None or not _may_administer(who, kept.value):
            raise UnknownTokenIdError(identifier)
        revoked = kept.value.revoke(self._moment.micros())
        self._records.put(kept.key, revoked, expected=kept.mod_revision)
        self._write_audit(who, "token-revoke", revoked)
        return revoked

    def _keep(self, who: Principal, text: str, record: TokenRecord) -> tuple[str, TokenRecord]:
        self._records.put(layout.token(record.id), record, expected=ABSENT)
        self._write_audit(who, "token-create", record)
        return text, record

    def _write_audit(self, who: Principal, action: str, record: TokenRecord) -> None:
        detail = {"token": record.id, "label": record.label, "kind": str(record.kind)}
        for namespace in sorted(_namespaces(record)):
            trail = AUDIT_NAMESPACE if namespace == EVERY_NAMESPACE else namespace
            self._audit.append(
                trail, AuditEntry(self._moment.micros(), who.name, action, None, detail)
            )


def _namespaces(record: TokenRecord) -> frozenset[str]:
    if record.agent:
        return frozenset({record.agent.namespace})
    return frozenset(record.relay or record.grants)


def _may_administer(who: Principal, record: TokenRecord) -> bool:
    return all(who.may(namespace, Right.TOKENS) for namespace in _namespaces(record))
