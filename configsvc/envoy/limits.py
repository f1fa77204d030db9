"""Rate limits as Envoy's local rate limit: one bucket a name, shared by every route that counts.

The buckets are part of a route table, so that other routes of it share them; a new table begins
with full ones.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from envoy.extensions.filters.http.local_ratelimit.v3.local_rate_limit_pb2 import LocalRateLimit

from configsvc.envoy.messages import NO, Tree, duration, extension, pack, wrapped
from configsvc.model.policies import RateLimit
from configsvc.resolve import NamedLimit

FILTER: Final = "envoy.filters.http.local_ratelimit"
_STAT_PREFIX = "configsvc"
_NAME = "limit"
_VALUE = "value"

_SHORTEST_FILL = 50_000
"""Microseconds: Envoy refills no bucket more often."""

_KEPT_VALUES = 10_000
"""Values of a key, such as tenants, whose buckets are kept; the least recent goes first."""

_FULL = (1 << 32) - 1


def limit_config(limits: Iterable[NamedLimit]) -> Tree:
    """The filter's configuration for a route table; nothing without limits."""
    buckets = [_bucket(limit) for limit in limits]
    if not buckets:
        return {}
    everything = {
        "max_tokens": _FULL,
        "tokens_per_fill": wrapped(_FULL),
        "fill_interval": {"seconds": 1},
    }
    return {
        FILTER: pack(
            LocalRateLimit,
            stat_prefix=_STAT_PREFIX,
            token_bucket=everything,
            always_consume_default_token_bucket=NO,
            filter_enabled=_ALWAYS,
            filter_enforced=_ALWAYS,
            descriptors=buckets,
            max_dynamic_descriptors=wrapped(_KEPT_VALUES),
        )
    }


_ALWAYS = {"default_value": {"numerator": 100}, "runtime_key": "configsvc.rate_limit"}


def limit_filters(limits: Iterable[NamedLimit]) -> list[Tree]:
    """The filter, where there are limits: it costs something also for requests without any."""
    return [extension(FILTER, LocalRateLimit, stat_prefix=_STAT_PREFIX)] if list(limits) else []


def counted_by(limits: Sequence[NamedLimit]) -> list[Tree]:
    """What a route counts a request under."""
    return [{"actions": [_named(limit.name), *_by_key(limit.value.key)]} for limit in limits]


def is_expressible(limit: RateLimit) -> bool:
    """Whether Envoy can tell what the limit has a bucket for; else all share one."""
    return limit.key is None or limit.key == "remote-address" or limit.key.startswith("header:")


def _named(name: str) -> Tree:
    return {"generic_key": {"descriptor_key": _NAME, "descriptor_value": name}}


def _by_key(key: str | None) -> list[Tree]:
    if key == "remote-address":
        return [{"remote_address": {}}]
    if key is not None and key.startswith("header:"):
        name = key.removeprefix("header:")
        return [{"request_headers": {"header_name": name, "descriptor_key": _VALUE}}]
    return []


def _bucket(limit: NamedLimit) -> Tree:
    entries = [{"key": _NAME, "value": limit.name}]
    key = limit.value.key
    if key == "remote-address":
        entries.append({"key": "remote_address"})
    elif key is not None and key.startswith("header:"):
        entries.append({"key": _VALUE})
    return {"entries": entries, "token_bucket": _tokens(limit.value)}


def _tokens(limit: RateLimit) -> Tree:
    """Refilled evenly: as often as Envoy does it, by whole tokens."""
    rate = limit.rate
    interval = max(_SHORTEST_FILL, rate.period // rate.limit)
    tokens = max(1, rate.limit * interval // rate.period)
    return {
        "max_tokens": limit.burst,
        "tokens_per_fill": wrapped(tokens),
        "fill_interval": duration(tokens * rate.period // rate.limit),
    }
