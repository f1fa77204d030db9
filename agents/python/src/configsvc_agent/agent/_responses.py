"""What a return value or an exception of any client library means, without importing one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from configsvc_agent.drivers import Classifier, classify_error
from configsvc_agent.engine.outcome import SUCCESS, UNATTRIBUTED, Outcome, http_outcome
from configsvc_agent.engine.policy import SECOND

_PLAIN = frozenset({type(None), bool, bytes, dict, float, int, list, set, str, tuple})
"""Types that are no responses; looking for what they do not have would cost more than the rest."""

_LOWEST_STATUS = 100
_HIGHEST_STATUS = 599
_CAUSES = 5
_LONGEST_RETRY_AFTER = 9
"""Digits of a Retry-After in seconds; more is nonsense."""


def classify_result(value: Any) -> Outcome:  # noqa: ANN401  whatever a client returns
    """By ``status_code`` or ``status`` where it is an HTTP number; anything else is a success.

    Retry-After in seconds and Envoy's mark of load shedding are read from ``headers``.
    """
    if type(value) in _PLAIN:
        return SUCCESS
    status = _status(value)
    if status is None or status < 400:  # noqa: PLR2004  the first error
        return SUCCESS
    headers = getattr(value, "headers", None)
    return http_outcome(status, retry_after=_retry_after(headers), overloaded=_is_shed(headers))


def classify_failure(error: Exception) -> Outcome:
    """By the response that the error carries, by its own class, or by those of its causes."""
    response = getattr(error, "response", None)
    for carrier in (response, error):
        if _status(carrier) is not None:
            return classify_result(carrier)
    cause: BaseException | None = error
    for _ in range(_CAUSES):
        if not isinstance(cause, Exception):
            break
        outcome = classify_error(cause)
        if outcome is not UNATTRIBUTED:
            return outcome
        cause = cause.__cause__
    return UNATTRIBUTED


RESPONSES = Classifier(error=classify_failure, result=classify_result)
"""How results and errors are read unless a service says otherwise."""


def _status(value: object) -> int | None:
    for name in ("status_code", "status"):
        status = getattr(value, name, None)
        if type(status) is int and _LOWEST_STATUS <= status <= _HIGHEST_STATUS:
            return status
    return None


def _retry_after(headers: object) -> int | None:
    text = _header(headers, "retry-after")
    if text.isdecimal() and len(text) <= _LONGEST_RETRY_AFTER:
        return int(text) * SECOND
    return None


def _is_shed(headers: object) -> bool:
    return _header(headers, "x-envoy-overloaded") == "true"


def _header(headers: object, name: str) -> str:
    """The header's text, for mappings that ignore case and for plain ones; empty if absent."""
    get = getattr(headers, "get", None)
    if not isinstance(headers, Mapping) and get is None:
        return ""
    value = get(name) or get(name.title()) if get is not None else None
    return str(value).strip() if value is not None else ""
