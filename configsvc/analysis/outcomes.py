"""Outcomes of an attempt: which codes belong to which class, as lists of outcomes name both."""

from collections.abc import Iterable
from functools import lru_cache

_GRPC_SERVER_FAILURES = frozenset(
    {"UNKNOWN", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "DEADLINE_EXCEEDED"}
)
_GRPC_CLIENT_FAILURES = frozenset(
    {"CANCELLED", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
     "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNAUTHENTICATED"}
)  # fmt: skip
_OVERLOADED = frozenset({"overloaded", "429", "RESOURCE_EXHAUSTED"})
_PERMANENT = frozenset(
    {"4xx", "400", "401", "403", "404", "405", "409", "410", "422", "INVALID_ARGUMENT", "NOT_FOUND",
     "ALREADY_EXISTS", "PERMISSION_DENIED", "FAILED_PRECONDITION", "OUT_OF_RANGE",
     "UNAUTHENTICATED", "UNIMPLEMENTED"}
)  # fmt: skip

LOCAL = frozenset({"open", "full", "limited"})
"""Rejections by the caller itself: no attempt left the process."""

NOT_SENT = frozenset({"connect", "refused"})
"""The callee has certainly not begun."""


def is_server_failure(outcome: str) -> bool:
    """Whether an entry names a failure of the callee: ``5xx``, ``503``, ``UNAVAILABLE``."""
    return outcome == "5xx" or outcome in _GRPC_SERVER_FAILURES or _is_http(outcome, "5")


def is_client_failure(outcome: str) -> bool:
    """Whether an entry names an answer that blames the request: ``4xx``, ``404``."""
    return outcome == "4xx" or outcome in _GRPC_CLIENT_FAILURES or _is_http(outcome, "4")


def is_permanent(outcome: str) -> bool:
    """Whether an entry names an answer that the same request gets again."""
    return outcome in _PERMANENT


def is_timeout(outcome: str) -> bool:
    """Whether an entry names an attempt that took too long."""
    return outcome in {"timeout", "DEADLINE_EXCEEDED"}


def is_overload(outcome: str) -> bool:
    """Whether an entry names a callee that asks for less load."""
    return outcome in _OVERLOADED


def may_have_run(outcome: str) -> bool:
    """Whether the callee may have done the work although the attempt counts as failed."""
    return outcome == "reset" or is_timeout(outcome) or is_server_failure(outcome)


def overlap(left: Iterable[str], right: Iterable[str]) -> bool:
    """Whether two lists of outcomes have one in common, classes covering their codes."""
    ours, theirs = frozenset(left), frozenset(right)
    return bool(_with_classes(ours) & theirs or ours & _with_classes(theirs))


def _with_classes(outcomes: frozenset[str]) -> frozenset[str]:
    return outcomes.union(*(_classes(outcome) for outcome in outcomes))


@lru_cache(maxsize=1024)  # the same few outcomes are in every list; anybody may write others
def _classes(outcome: str) -> frozenset[str]:
    classes = (
        ("5xx", is_server_failure), ("4xx", is_client_failure),
        ("timeout", is_timeout), ("overloaded", is_overload),
    )  # fmt: skip
    return frozenset(name for name, belongs in classes if belongs(outcome))


def _is_http(outcome: str, hundreds: str) -> bool:
    return len(outcome) == 3 and outcome.isdecimal() and outcome[0] == hundreds  # noqa: PLR2004
