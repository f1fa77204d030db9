"""Tokens: who may mint, list and revoke which."""

import pytest

from configsvc.access import (
    EVERY_NAMESPACE,
    AgentIdentity,
    ForbiddenError,
    RevokedTokenError,
    Role,
    TokenKind,
    UnauthenticatedError,
    WrongTokenKindError,
)
from configsvc.errors import InputError
from configsvc.usecases.errors import UnknownTokenIdError
from configsvc.usecases.tokens import AUDIT_NAMESPACE
from tests.usecases.world import ADMIN, EDITOR, NAMESPACE, ROOT, World, principal


def test_first_token_is_handed_over_once(empty: World) -> None:
    """An empty store gets one token that may do everything, and never a second."""
    handed: list[str] = []

    assert empty.plane.tokens.mint_first(handed.append)
    assert not empty.plane.tokens.mint_first(handed.append)

    holder = empty.plane.tokens.authenticate(handed[0])
    assert holder.role_in("anything") is Role.ADMIN


def test_minted_token_proves_its_holder(empty: World) -> None:
    """The text authenticates; the record does not hold it."""
    text, record = empty.plane.tokens.mint_operator(ADMIN, {NAMESPACE: Role.VIEWER}, "ci")

    holder = empty.plane.tokens.authenticate(text)
    assert (holder.name, holder.role_in(NAMESPACE)) == ("ci", Role.VIEWER)
    assert text.rpartition("_")[2] not in repr(record)


def test_agents_token_is_no_operators(empty: World) -> None:
    """The two kinds are not interchangeable."""
    text, _ = empty.plane.tokens.mint_agent(ADMIN, AgentIdentity(NAMESPACE, "player"), "")

    with pytest.raises(WrongTokenKindError):
        empty.plane.tokens.authenticate(text)
    assert empty.plane.tokens.authenticate(text, TokenKind.AGENT).agent


def test_admin_grants_in_the_own_namespace_alone(empty: World) -> None:
    """Neither another namespace nor all of them, and an editor nothing at all."""
    mint = empty.plane.tokens.mint_operator
    for who, namespace in ((ADMIN, "other"), (ADMIN, EVERY_NAMESPACE), (EDITOR, NAMESPACE)):
        with pytest.raises(ForbiddenError, match="tokens needs the role admin"):
            mint(who, {namespace: Role.VIEWER}, "")
    with pytest.raises(ForbiddenError):
        empty.plane.tokens.mint_agent(EDITOR, AgentIdentity(NAMESPACE, "player"), "")


def test_token_without_grants_is_refused(empty: World) -> None:
    """A token is for something."""
    with pytest.raises(InputError, match="either grants"):
        empty.plane.tokens.mint_operator(ROOT, {}, "")


def test_list_shows_what_the_reader_may_administer(empty: World) -> None:
    """An admin sees the tokens of the own namespace, and no one else's."""
    tokens = empty.plane.tokens
    tokens.mint_operator(ROOT, {NAMESPACE: Role.VIEWER}, "ours")
    tokens.mint_operator(ROOT, {NAMESPACE: Role.VIEWER, "other": Role.VIEWER}, "shared")

    assert [record.label for record in tokens.list(ADMIN)] == ["ours"]
    assert len(tokens.list(ROOT)) == 2
    assert tokens.list(EDITOR) == ()


def test_revoked_token_is_of_no_use(empty: World) -> None:
    """A second revocation changes nothing."""
    text, record = empty.plane.tokens.mint_operator(ADMIN, {NAMESPACE: Role.VIEWER}, "ci")
    first = empty.plane.tokens.revoke(ADMIN, record.id)
    empty.clock.advance(1)

    assert empty.plane.tokens.revoke(ADMIN, record.id) == first
    with pytest.raises(RevokedTokenError):
        empty.plane.tokens.authenticate(text)


def test_others_cannot_tell_whether_a_token_exists(empty: World) -> None:
    """What somebody may not administer looks as if it was not there."""
    _, record = empty.plane.tokens.mint_operator(ROOT, {"other": Role.VIEWER}, "")

    for identifier in (record.id, "nothing"):
        with pytest.raises(UnknownTokenIdError, match="does not exist, or you may not"):
            empty.plane.tokens.revoke(ADMIN, identifier)


def test_expired_token_is_of_no_use(empty: World) -> None:
    """A token may have an end."""
    end = empty.clock.now + 1
    text, _ = empty.plane.tokens.mint_operator(ADMIN, {NAMESPACE: Role.VIEWER}, "", end)
    empty.clock.advance(2)

    with pytest.raises(UnauthenticatedError, match="expired"):
        empty.plane.tokens.authenticate(text)


def test_acts_on_tokens_are_audited_without_secrets(empty: World) -> None:
    """Each namespace's trail says what was granted in it; another trail has what spans all."""
    text, record = empty.plane.tokens.mint_operator(ADMIN, {NAMESPACE: Role.VIEWER}, "ci")
    empty.plane.tokens.revoke(ADMIN, record.id)
    empty.plane.tokens.mint_operator(ROOT, {EVERY_NAMESPACE: Role.VIEWER}, "all")

    trail = empty.plane.inspector.audit(ADMIN, NAMESPACE)
    assert {entry.action for _, entry in trail} == {"token-create", "token-revoke"}
    assert text.rpartition("_")[2] not in repr(trail)
    everywhere = principal(Role.ADMIN, AUDIT_NAMESPACE)
    assert len(empty.plane.inspector.audit(everywhere, AUDIT_NAMESPACE)) == 1
