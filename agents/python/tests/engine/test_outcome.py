"""Outcomes carry the classes and codes that policies match."""

from __future__ import annotations

import pytest

from configsvc_agent.engine.outcome import SUCCESS, grpc_outcome, http_outcome


@pytest.mark.parametrize("status", [100, 200, 204, 304, 399])
def test_http_below_400_is_a_success(status: int) -> None:
    """A redirect or a cache hit is an answer."""
    assert http_outcome(status) is SUCCESS


@pytest.mark.parametrize(
    ("status", "classes"), [(404, {"4xx", "404"}), (429, {"4xx", "429"}), (503, {"5xx", "503"})]
)
def test_http_error_has_its_family_and_its_code(status: int, classes: set[str]) -> None:
    """Policies may name either."""
    assert http_outcome(status).classes == classes
    assert not http_outcome(status).ok


def test_shed_load_is_marked_beside_the_code() -> None:
    """The callee's own mark makes a 503 an overload, and its Retry-After is kept."""
    outcome = http_outcome(503, retry_after=7, overloaded=True)
    assert outcome.classes == {"5xx", "503", "overloaded"}
    assert outcome.retry_after == 7


@pytest.mark.parametrize(
    ("code", "classes"),
    [
        ("UNAVAILABLE", {"5xx", "UNAVAILABLE"}),
        ("DEADLINE_EXCEEDED", {"5xx", "timeout", "DEADLINE_EXCEEDED"}),
        ("RESOURCE_EXHAUSTED", {"4xx", "overloaded", "RESOURCE_EXHAUSTED"}),
        ("NOT_FOUND", {"4xx", "NOT_FOUND"}),
    ],
)
def test_grpc_code_has_the_class_of_its_http_twin(code: str, classes: set[str]) -> None:
    """One policy serves both protocols."""
    assert grpc_outcome(code).classes == classes


def test_grpc_ok_is_a_success() -> None:
    """OK has no class."""
    assert grpc_outcome("OK") is SUCCESS
