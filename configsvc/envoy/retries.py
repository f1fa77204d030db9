"""Retry and time-outs of an edge as Envoy makes attempts."""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy.extensions.retry.host.previous_hosts.v3.previous_hosts_pb2 import PreviousHostsPredicate

from configsvc.envoy.messages import Tree, duration, extension, present, wrapped
from configsvc.model.policies import Retry, Timeout
from configsvc.model.services import SAFE_METHODS, Operation, Protocol
from configsvc.resolve.matching import Requests

KEY_HEADER = "idempotency-key"

_RESETS = {
    "connect": "connect-failure",
    "refused": "connect-failure",
    "reset": "reset",
    "timeout": "reset",
}
"""Classes of an attempt without an answer. Envoy takes its own time-outs for resets."""

_GRPC = {
    "CANCELLED": "cancelled",
    "DEADLINE_EXCEEDED": "deadline-exceeded",
    "INTERNAL": "internal",
    "RESOURCE_EXHAUSTED": "resource-exhausted",
    "UNAVAILABLE": "unavailable",
}
"""The codes of gRPC that Envoy and gRPC itself can retry."""

_GRPC_CLASSES = {
    "connect": ("unavailable",),
    "refused": ("unavailable",),
    "reset": ("unavailable",),
    "timeout": ("deadline-exceeded",),
    "5xx": ("deadline-exceeded", "internal", "unavailable"),
    "4xx": ("cancelled", "resource-exhausted"),
    "overloaded": ("resource-exhausted",),
}

# Envoy never retries an answer that is marked as load shedding: `overloaded` has no counterpart.
_FAMILIES = {"4xx": (400, 500), "5xx": (500, 600)}
_OTHER_HOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Branch:
    """Some requests of an edge: whether they may be repeated, and if they need a key for that."""

    requests: Requests
    repeats: bool
    keyed: bool = False


def branches(requests: Requests, operation: Operation | None, retry: Retry | None) -> list[Branch]:
    """Divide an edge's requests into those that are retried and those that are not, in order."""
    if retry is None or retry.attempts == 1:
        return [Branch(requests, repeats=False)]
    if retry.non_idempotent == "always":
        return [Branch(requests, repeats=True)]
    idempotent = None if operation is None else operation.is_idempotent
    if idempotent is not None:
        return [Branch(requests, repeats=True)] if idempotent else _unsafe(requests, retry)
    safe = tuple(sorted(set(requests.methods or SAFE_METHODS) & SAFE_METHODS))
    unsafe = tuple(method for method in requests.methods if method not in SAFE_METHODS)
    found = [Branch(Requests(safe, requests.path), repeats=True)] if safe else []
    if unsafe or not requests.methods:
        found += _unsafe(Requests(unsafe, requests.path), retry)
    return found


def _unsafe(requests: Requests, retry: Retry) -> list[Branch]:
    once = Branch(requests, repeats=False)
    if retry.non_idempotent == "never":
        return [once]
    return [Branch(requests, repeats=True, keyed=True), once]


def time_limits(timeout: Timeout, *, repeats: bool) -> Tree:
    """The limits of a route; 0 lifts Envoy's own."""
    limits = [timeout.overall, None if repeats else timeout.attempt]
    limit = min((each for each in limits if each is not None), default=0)
    idle = None if timeout.idle is None else duration(timeout.idle)
    return present(timeout=duration(limit), idle_timeout=idle)


def retry_policy(retry: Retry, timeout: Timeout, protocol: Protocol) -> Tree:
    """How a failed attempt is made again."""
    names, headers = _conditions(retry, protocol)
    base = max(retry.backoff.base, 1000)
    policy = present(
        retry_on=",".join(names),
        retriable_headers=headers or None,
        num_retries=wrapped(retry.attempts - 1),
        per_try_timeout=None if timeout.attempt is None else duration(timeout.attempt),
        retry_back_off={
            "base_interval": duration(base),
            "max_interval": duration(max(retry.backoff.max, base)),
        },
    )
    if retry.retry_after.honour:
        policy["rate_limited_retry_back_off"] = {
            "reset_headers": [{"name": "retry-after", "format": "SECONDS"}],
            "max_interval": duration(max(retry.retry_after.max, 1000)),
        }
    if retry.other_instance:
        policy["retry_host_predicate"] = [
            extension("envoy.retry_host_predicates.previous_hosts", PreviousHostsPredicate)
        ]
        policy["host_selection_retry_max_attempts"] = _OTHER_HOST_TRIES
    return policy


def _conditions(retry: Retry, protocol: Protocol) -> tuple[list[str], list[Tree]]:
    """Envoy's names for outcomes, and matchers for statuses."""
    found = {_RESETS[on] for on in retry.retry_on if on in _RESETS}
    if protocol == "grpc":
        names = (n for on in retry.retry_on for n in _GRPC_CLASSES.get(on, (_GRPC.get(on),)))
        return sorted(found.union(name for name in names if name)), []
    headers = list(_statuses(retry.retry_on))
    return sorted(found | ({"retriable-headers"} if headers else set())), headers


def _statuses(outcomes: tuple[str, ...]) -> Iterator[Tree]:
    for outcome in outcomes:
        if outcome.isdigit():
            yield {"name": ":status", "string_match": {"exact": outcome}}
        elif outcome in _FAMILIES:
            start, end = _FAMILIES[outcome]
            yield {"name": ":status", "range_match": {"start": start, "end": end}}
