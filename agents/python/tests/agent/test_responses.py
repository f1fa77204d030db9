"""What results and errors of any client mean."""

from __future__ import annotations

import email.message
import io
import socket
import urllib.error
from types import SimpleNamespace

import pytest

from configsvc_agent import classify_failure, classify_result


@pytest.mark.parametrize(
    ("value", "ok", "classes"),
    [
        (None, True, set()),
        ("text", True, set()),
        (SimpleNamespace(status_code=200), True, set()),
        (SimpleNamespace(status=404), False, {"4xx", "404"}),
        (SimpleNamespace(status_code=503, headers={}), False, {"5xx", "503"}),
        (
            SimpleNamespace(status_code=503, headers={"x-envoy-overloaded": "true"}),
            False,
            {"5xx", "503", "overloaded"},
        ),
        (SimpleNamespace(status="active"), True, set()),
        (SimpleNamespace(status=7), True, set()),
    ],
)
def test_results(value: object, ok: bool, classes: set[str]) -> None:  # noqa: FBT001  a row of the table
    """An HTTP number decides; what has none is a success."""
    outcome = classify_result(value)

    assert (outcome.ok, outcome.classes) == (ok, classes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", 2_000_000), ("0", 0), ("soon", None), ("9" * 30, None), ("-1", None)],
)
def test_retry_after_in_seconds(text: str, expected: int | None) -> None:
    """Seconds become microseconds; dates and nonsense are left out."""
    response = SimpleNamespace(status_code=503, headers={"Retry-After": text})

    assert classify_result(response).retry_after == expected


def chained(error: Exception, cause: Exception) -> Exception:
    """``error`` raised from ``cause``, as client libraries do."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "classes"),
    [
        (ConnectionRefusedError(), {"refused"}),
        (ConnectionResetError(), {"reset"}),
        (socket.gaierror(), {"connect"}),
        (TimeoutError(), {"timeout"}),
        (chained(RuntimeError("wrapped"), ConnectionRefusedError()), {"refused"}),
        (chained(RuntimeError("a"), chained(RuntimeError("b"), TimeoutError())), {"timeout"}),
        (ValueError("a mistake"), set()),
        (
            urllib.error.HTTPError("http://x", 502, "bad", email.message.Message(), io.BytesIO()),
            {"5xx", "502"},
        ),
    ],
)
def test_errors(error: Exception, classes: set[str]) -> None:
    """The class of the error or of one of its causes; a mistake in the code has none."""
    assert classify_failure(error).classes == classes


def test_an_error_that_carries_a_response() -> None:
    """Libraries that raise for a status say which."""
    error = RuntimeError("503")
    error.response = SimpleNamespace(status_code=503, headers={})  # type: ignore[attr-defined]

    assert classify_failure(error).classes == {"5xx", "503"}
