"""Bundles for tests: a complete one, and small changes to it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from configsvc_agent.bundle import Bundle, compile_bundle

FULL_POLICY: dict[str, Any] = {
    "timeout": {"connect": 100_000, "attempt": 400_000, "overall": 1_000_000, "idle": 2_000_000},
    "retry": {
        "attempts": 3,
        "retryOn": ["5xx", "connect", "503"],
        "backoff": {"base": 50_000, "multiplier": 2_000_000, "max": 800_000, "jitter": "full"},
        "budget": {"ratio": 200_000, "minPerSecond": 3, "scope": "pair"},
        "retryAfter": {"honour": True, "max": 1_000_000},
        "otherInstance": True,
        "nonIdempotent": "with-key",
    },
    "breaker": {
        "window": {"kind": "count", "size": 50},
        "minimumCalls": 20,
        "failureRate": 500_000,
        "slowCall": {"above": 300_000, "rate": 800_000},
        "record": ["5xx", "timeout"],
        "ignore": ["404"],
        "openFor": 5_000_000,
        "halfOpen": {"probes": 2, "maxWait": 10_000_000},
        "scope": "pair",
    },
    "bulkhead": {"maxConcurrent": 8, "queue": 4, "maxWait": 50_000, "scope": "operation"},
    "rateLimit": {
        "limit": 100,
        "period": 1_000_000,
        "burst": 20,
        "key": "tenant",
        "maxWait": 0,
        "scope": "pair",
    },
    "fallback": {
        "static": {"status": 200, "headers": [["content-type", "text/plain"]], "body": "0"}
    },
    "sources": {
        "Timeout/default": ["timeout.attempt", "timeout.overall"],
        "Retry/scores": ["retry.attempts"],
        "CircuitBreaker/all": ["breaker.openFor"],
    },
}

_BUNDLE: dict[str, Any] = {
    "format": 1,
    "namespace": "prod",
    "service": "player-engine",
    "outbound": [
        {
            "callee": "score-engine",
            "protocol": "http",
            "hosts": ["score-engine", "scores.internal:8080"],
            "discovery": {
                "mode": "client",
                "instances": [{"address": "10.0.0.1:80", "labels": {"zone": "a"}}],
                "loadBalancing": "round-robin",
                "panicThreshold": 500_000,
            },
            "operations": [
                {
                    "name": "get-score",
                    "match": {"methods": ["GET"], "path": "/scores/{id}"},
                    "idempotent": True,
                    "floor": 20_000,
                    "policy": FULL_POLICY,
                },
                {
                    "name": "add-score",
                    "match": {"methods": ["POST"], "path": "/scores/**"},
                    "policy": {"timeout": {"overall": 500_000}, "sources": {}},
                },
            ],
            "other": {"timeout": {"overall": 2_000_000}, "sources": {}},
        }
    ],
    "undeclared": {"timeout": {"overall": 3_000_000}, "sources": {}},
    "inbound": {
        "operations": [
            {
                "name": "play",
                "match": {"methods": ["POST"], "path": "/play"},
                "limit": 700_000,
                "rateLimits": [
                    {
                        "name": "per-tenant",
                        "limit": 2,
                        "period": 60_000_000,
                        "burst": 2,
                        "key": "header:x-tenant",
                        "maxWait": 0,
                        "scope": "operation",
                    }
                ],
            }
        ],
        "other": {"rateLimits": []},
    },
}


def document() -> dict[str, Any]:
    """A complete bundle, to be changed at will."""
    return copy.deepcopy(_BUNDLE)


def encode(body: object) -> bytes:
    """The bytes of ``body``."""
    return json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


def digest(data: bytes) -> str:
    """What the server would announce."""
    return hashlib.sha256(data).hexdigest()


def compiled(body: Mapping[str, Any] | None = None, *, version: int = 7) -> Bundle:
    """The bundle of ``body``, compiled for its own service."""
    data = encode(document() if body is None else body)
    return compile_bundle(data, service="player-engine", namespace="prod", version=version)
