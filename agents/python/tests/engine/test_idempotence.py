"""Which calls may be made twice."""

from __future__ import annotations

import pytest

from configsvc_agent.engine.idempotence import is_idempotent, may_repeat
from configsvc_agent.engine.policy import NonIdempotent


@pytest.mark.parametrize(
    ("declared", "method", "expected"),
    [
        (None, "GET", True),
        (None, "put", True),
        (None, "DELETE", True),
        (None, "POST", False),
        (None, "PATCH", False),
        (None, None, False),
        (True, "POST", True),
        (False, "GET", False),
    ],
)
def test_declaration_beats_method_and_unknown_is_not_idempotent(
    *, declared: bool | None, method: str | None, expected: bool
) -> None:
    """RFC 9110 decides only where the operation says nothing."""
    assert is_idempotent(declared=declared, method=method) is expected


@pytest.mark.parametrize(
    ("rule", "has_key", "expected"),
    [
        ("never", True, False),
        ("with-key", False, False),
        ("with-key", True, True),
        ("always", False, True),
    ],
)
def test_non_idempotent_call_needs_the_rule(
    rule: NonIdempotent, *, has_key: bool, expected: bool
) -> None:
    """A key counts only where the policy says so."""
    assert may_repeat(idempotent=False, has_key=has_key, rule=rule) is expected
    assert may_repeat(idempotent=True, has_key=False, rule=rule)
