"""Documents that the command line's tests share, as YAML."""

SYSTEM = """\
apiVersion: configsvc/v1
kind: Service
metadata: {name: shop}
spec:
  operations:
    - {name: buy, calls: [{to: stock, operation: reserve}]}
---
apiVersion: configsvc/v1
kind: Service
metadata: {name: stock}
spec:
  operations:
    - {name: reserve, match: {methods: [PUT], path: /reservations}}
"""
"""Two services; without a Timeout their one call may wait for ever (RT07, error)."""

TIMEOUT = """\
apiVersion: configsvc/v1
kind: Timeout
metadata: {name: bounded}
spec: {target: {to: stock}, connect: 1s, attempt: 2s, overall: 6s}
"""
"""Bounds the call."""

RETRY = """\
apiVersion: configsvc/v1
kind: Retry
metadata: {name: eager}
spec:
  target: {to: stock}
  attempts: 4
  backoff: {base: 100ms, multiplier: 2, max: 60s}
  budget: {ratio: 20%}
"""
"""More attempts than the bound leaves time for (RT03, warning)."""

BROKEN = """\
apiVersion: configsvc/v1
kind: Retry
metadata: {name: misspelt}
spec:
  target: {to: stock}
  attempt: 4
"""
"""A field that does not exist."""
