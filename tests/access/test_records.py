"""Token records: written and read back unchanged."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.access import (
    EVERY_NAMESPACE,
    AgentIdentity,
    InvalidTokenRecordError,
    Role,
    TokenRecord,
    decode_record,
    encode_record,
)
from configsvc.errors import InputError

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
TIMES = st.datetimes(timezones=st.just(UTC))
GRANTS = st.dictionaries(NAMES | st.just(EVERY_NAMESPACE), st.sampled_from(Role), min_size=1)
HOLDERS: st.SearchStrategy[tuple[dict[str, Role], AgentIdentity | None]] = st.tuples(
    GRANTS, st.none()
) | st.tuples(st.just({}), st.builds(AgentIdentity, NAMES, NAMES))


@given(HOLDERS, st.text(max_size=200), TIMES, st.none() | TIMES, st.none() | TIMES)
def test_round_trip(
    holder: tuple[dict[str, Role], AgentIdentity | None],
    label: str,
    created: datetime,
    not_after: datetime | None,
    revoked: datetime | None,
) -> None:
    """Every record is read back as it was written, whatever its label."""
    record = TokenRecord("id", "d" * 64, *holder, label, created, not_after, revoked)
    assert decode_record(encode_record(record)) == record


def test_fields_of_a_later_version_are_ignored() -> None:
    """An older node reads what a newer one wrote."""
    record = TokenRecord(
        "id", "d", {"prod": Role.VIEWER}, None, "", datetime(2025, 1, 1, tzinfo=UTC)
    )
    value = json.loads(encode_record(record)) | {"origin": "console"}
    assert decode_record(json.dumps(value).encode()) == record


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"id":1}', b"\xff", b"null"])
def test_unreadable(data: bytes) -> None:
    """Damage is a typed error that says what to do."""
    with pytest.raises(InvalidTokenRecordError, match="revoke the token"):
        decode_record(data)


def test_grants_cannot_be_changed() -> None:
    """A record is a value."""
    record = TokenRecord(
        "id", "d", {"prod": Role.VIEWER}, None, "", datetime(2025, 1, 1, tzinfo=UTC)
    )
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
            datetime(2025, 1, 1, tzinfo=UTC),
        )


def test_label_is_bounded() -> None:
    """201 characters are too many."""
    with pytest.raises(InputError, match="at most 200 characters, this one 201"):
        TokenRecord(
            "id", "d", {"prod": Role.VIEWER}, None, "x" * 201, datetime(2025, 1, 1, tzinfo=UTC)
        )
