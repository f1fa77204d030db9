"""Sessions: what is stored, and when one is refused."""

import pytest

from configsvc.access import UnknownSessionError, parse_session, start_session, verify_session
from configsvc.access.errors import ExpiredSessionError
from configsvc.access.sessions import LIFETIME, SessionRecord, csrf_token


def test_a_session_is_verified_by_its_secret_until_it_ends() -> None:
    """The record is found by the cookie's id and answers to its secret, to the last instant."""
    started = start_session("token-id", 1000)
    presented = parse_session(started.text)

    assert presented.id == started.record.id
    assert verify_session(started.record, presented.secret, 1000 + LIFETIME) == started.record
    with pytest.raises(ExpiredSessionError, match="sign in again"):
        verify_session(started.record, presented.secret, 1001 + LIFETIME)


def test_a_wrong_secret_and_an_unknown_session_are_told_alike() -> None:
    """Nobody learns which sessions there are."""
    started, other = start_session("token-id", 0), start_session("token-id", 0)
    secret = parse_session(other.text).secret

    for record in (started.record, None):
        with pytest.raises(UnknownSessionError, match="sign in again"):
            verify_session(record, secret, 0)


@pytest.mark.parametrize("text", ["", "cfg_aaaaaaaaaaaaaaaa_" + "a" * 32, "cfs_x_y"])
def test_what_is_no_session_is_refused(text: str) -> None:
    """A token, for one, is none."""
    with pytest.raises(UnknownSessionError):
        parse_session(text)


def test_the_record_keeps_no_secret() -> None:
    """Neither the secret nor what follows from it is stored, and the record survives JSON."""
    started = start_session("token-id", 0)
    secret = parse_session(started.text).secret
    stored = started.record.to_json()

    assert secret not in str(stored)
    assert csrf_token(secret) not in str(stored)
    assert SessionRecord.from_json(stored) == started.record
