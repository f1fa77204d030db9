"""Operations."""

import pytest

from configsvc.model.services import Match, Operation


@pytest.mark.parametrize(
    ("declared", "match", "expected"),
    [
        (True, Match(("POST",)), True),
        (False, Match(("GET",)), False),
        (None, Match(("GET", "HEAD")), True),
        (None, Match(("PUT", "DELETE"), "/a"), True),
        (None, Match(("GET", "POST")), False),
        (None, Match(("PATCH",)), False),
        (None, Match((), "/a"), None),
        (None, Match(grpc="a.B/C"), None),
        (None, None, None),
    ],
)
def test_whether_an_operation_is_idempotent(
    *, declared: bool | None, match: Match | None, expected: bool | None
) -> None:
    """As declared, else by all of its methods, else unknown."""
    assert Operation("a", match, idempotent=declared).is_idempotent is expected
