"""Tokens: what is minted verifies, and nothing else does."""

import pytest

from configsvc.access import (
    AgentIdentity,
    ExpiredTokenError,
    MalformedTokenError,
    Minted,
    RevokedTokenError,
    Role,
    TokenKind,
    UnknownTokenError,
    WrongTokenKindError,
    mint_agent,
    mint_operator,
    parse_token,
    verify,
)
from configsvc.errors import InputError

NOW = 1_740_830_400_000_000
"""2025-03-01T12:00:00Z."""

DAY = 24 * 3600 * 1_000_000
IDENTITY = AgentIdentity("prod", "player-engine")


def operator(**options: object) -> Minted:
    """An editor's token for prod."""
    return mint_operator({"prod": Role.EDITOR}, NOW, **options)  # type: ignore[arg-type]


def test_operator_token_verifies() -> None:
    """An operator's minted text leads back to its grants."""
    minted = operator(label="ci")
    token_id, secret = parse_token(minted.text)
    principal = verify(minted.record, secret, NOW)
    assert (token_id, principal.grants, principal.name) == (
        minted.record.id,
        {"prod": Role.EDITOR},
        "ci",
    )


def test_agent_token_verifies() -> None:
    """An agent's minted text leads back to its service."""
    minted = mint_agent(IDENTITY, NOW)
    assert verify(minted.record, parse_token(minted.text).secret, NOW).agent == IDENTITY


def test_prefix_tells_kinds_apart() -> None:
    """Where an agent's token is needed, an operator's is refused before any look-up."""
    with pytest.raises(WrongTokenKindError, match="for operators, and one for agents is needed"):
        parse_token(operator().text, kind=TokenKind.AGENT)


def test_secret_has_160_bits_and_is_not_in_the_record() -> None:
    """The record cannot be turned back into the token."""
    minted = operator()
    secret = parse_token(minted.text).secret
    assert len(secret) * 5 == 160
    assert secret not in repr(minted)
    assert secret not in repr(parse_token(minted.text))


def test_two_tokens_differ() -> None:
    """Neither id nor secret repeats."""
    first, second = parse_token(operator().text), parse_token(operator().text)
    assert first.id != second.id
    assert first.secret != second.secret


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cfg",
        "cfg__",
        "bearer",
        "cfg_short_short",
        "xyz_" + "a" * 16 + "_" + "a" * 32,
        "\0",
        "é" * 50,
    ],
)
def test_malformed_text(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(MalformedTokenError, match="copy it again in full"):
        parse_token(text)


def test_mistyped_token_is_not_repeated() -> None:
    """What was meant as a secret stays out of messages and logs."""
    mistyped = operator().text[:-1]
    with pytest.raises(MalformedTokenError) as caught:
        parse_token(mistyped)
    assert mistyped[4:] not in str(caught.value)


def test_newline_after_token_is_refused() -> None:
    """A token is matched whole."""
    with pytest.raises(MalformedTokenError):
        parse_token(operator().text + "\n")


def test_wrong_secret_and_missing_record_read_alike() -> None:
    """A caller cannot find out which ids exist."""
    minted, other = operator(), operator()
    secret = parse_token(other.text).secret
    with pytest.raises(UnknownTokenError) as wrong:
        verify(minted.record, secret, NOW)
    with pytest.raises(UnknownTokenError) as missing:
        verify(None, secret, NOW)
    assert str(wrong.value) == str(missing.value)
    assert secret not in str(wrong.value)


def test_expiry_is_inclusive() -> None:
    """A token is good at its last moment and not after it."""
    end = NOW + DAY
    minted = operator(not_after=end)
    secret = parse_token(minted.text).secret
    assert verify(minted.record, secret, end).token_id == minted.record.id
    with pytest.raises(ExpiredTokenError, match=r"expired at 2025-03-02T12:00:00Z"):
        verify(minted.record, secret, end + 1)


def test_revoked() -> None:
    """A revoked token is refused, and the first revocation's time stays."""
    minted = operator()
    revoked = minted.record.revoke(NOW).revoke(NOW + DAY)
    assert revoked.revoked == NOW
    with pytest.raises(RevokedTokenError, match="was revoked at"):
        verify(revoked, parse_token(minted.text).secret, NOW)


def test_operator_without_grant_is_refused() -> None:
    """A token that can do nothing is a mistake."""
    with pytest.raises(InputError, match="needs either grants"):
        mint_operator({}, NOW)


def test_randomness_is_injected() -> None:
    """The same bytes make the same token."""
    texts = {operator(random=lambda n: b"\1" * n).text for _ in range(2)}
    assert len(texts) == 1
