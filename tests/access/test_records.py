"""Token records: written and read back unchanged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.access import (
    EVERY_NAMESPACE,
    AgentIdentity,
    InvalidTokenRecordError,
    Role,
    TokenKind,
    TokenRecord,
    decode_record,
    encode_record,
)
from configsvc.errors import InputError

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
TIMES = st.integers(0, 2**60)
GRANTS = st.dictionaries(NAMES | st.just(EVERY_NAMESPACE), st.sampled_from(Role), min_size=1)
HOLDERS: st.SearchStrategy[tuple[dict[str, Role], AgentIdentity | None]] = st.tuples(
    GRANTS, st.none()
) | st.tuples(st.just({}), st.builds(AgentIdentity, NAMES, NAMES))


@given(HOLDERS, st.text(max_size=200), TIMES, st.none() | TIMES, st.none() | TIMES)
def test_round_trip(
    holder: tuple[dict[str, Role], AgentIdentity | None],
    label: str,
    created: int,
    not_after: int | None,
    revoked: int | None,
) -> None:
    """Every record is read back as it was written, whatever its label."""
    record = TokenRecord("id", "d" * 64, *holder, label, created, not_after, revoked)
    assert decode_record(json.loads(json.dumps(encode_record(record)))) == record


def test_a_relays_record_is_read_back() -> None:
    """With the namespaces whose agents it serves."""
    record = TokenRecord("id", "d" * 64, {}, None, "", 1, relay=("prod", "staging"))
    assert decode_record(encode_record(record)) == record
    assert record.kind is TokenKind.RELAY


def test_a_relay_is_of_no_namespace_at_large() -> None:
    """It names each: one that comes to exist later is not its own."""
    with pytest.raises(InputError):
        TokenRecord("id", "d" * 64, {}, None, "", 1, relay=(EVERY_NAMESPACE,))


def test_fields_of_a_later_version_are_ignored() -> None:
    """An older node reads what a newer one wrote."""
    record = TokenRecord("id", "d", {"prod": Role.VIEWER}, None, "", 1)
    value = encode_record(record) | {"origin": "console"}
    assert decode_record(value) == record


@pytest.mark.parametrize("value", [{}, {"id": 1}, {"agent": None}, {"grants": []}])
def test_unreadable(value: dict[str, object]) -> None:
    """Damage is a typed error that says what to do."""
    with pytest.raises(InvalidTokenRecordError, match="revoke the token"):
        decode_record(value)


def test_grants_cannot_be_changed() -> None:
    """A record is a value."""
    record = TokenRecord("id", "d", {"prod": Role.VIEWER}, None, "", 1)
    with pytest.raises(TypeError):
        record.grants["prod"] = Role.ADMIN  # type: ignore[index]


def test_both_kinds_at_once_is_refused() -> None:
    """Nobody is operator and agent."""
    with pytest.raises(InputError, match="either grants"):
        TokenRecord(
            "id",
            "d",
            {"prod": Role.VIEWER},
            AgentIdentity("prod", "a"),
            "",
            1,
        )


def test_label_is_bounded() -> None:
    """201 characters are too many."""
    with pytest.raises(InputError, match="at most 200 characters, this one 201"):
        TokenRecord("id", "d", {"prod": Role.VIEWER}, None, "x" * 201, 1)
