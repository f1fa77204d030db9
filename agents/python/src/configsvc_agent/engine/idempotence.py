"""Which calls may be made twice."""

from __future__ import annotations

from typing import Final

from configsvc_agent.engine.policy import NonIdempotent

IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""RFC 9110, section 9.2.2."""


def is_idempotent(*, declared: bool | None, method: str | None) -> bool:
    """What the operation declares, else what its method promises; unknown is not idempotent."""
    if declared is not None:
        return declared
    return method is not None and method.upper() in IDEMPOTENT_METHODS


def may_repeat(*, idempotent: bool, has_key: bool, rule: NonIdempotent) -> bool:
    """Whether a call may be retried; ``has_key``: it carries an Idempotency-Key."""
    return idempotent or rule == "always" or (rule == "with-key" and has_key)
