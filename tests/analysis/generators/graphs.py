"""Configurations around routes, the call graph and the documents as such (GW, CG, SC)."""

from datetime import timedelta
from typing import Any

from tests.analysis.documents import TODAY
from tests.analysis.generators.generator import Generator, ms, one_of, some, whole

PREFIXES = ("/", "/a", "/a/b", "/c")
API = {"prefix": "/api", "headers": {"x-version": "next"}}
NARROWER = {"prefix": "/api/v2", "headers": {"x-version": "next"}}
EXCLUSIVE = {"prefix": "/api", "headers": {"x-tenant": "small"}}
ORDERS = ("customers", "staff", None)
"""Who may use a route: customers, of whom some are staff, or everybody."""


def _prefix(prefix: str) -> object:
    return {"prefix": prefix}


def _lead(*names: str) -> object:
    return [{"to": name} for name in names]


def _shadowed(first: int, second: int, above: str, below: str) -> bool:
    """Whether what is tried first, by priority, then by length, takes all of the other's."""
    ranked = sorted([(-first, -len(above), 0, above), (-second, -len(below), 1, below)])
    earlier, later = ranked[0][-1], ranked[1][-1]
    return later == earlier or later.startswith(earlier.removesuffix("/") + "/")


def _weighted(weights: list[int]) -> object:
    return [{"to": to, "weight": w} for to, w in zip(("stock", "other"), weights, strict=False)]


def _calls(callees: list[str]) -> list[dict[str, Any]]:
    names = {"shop": "price", "stock": "count"}
    return [{"to": callee, "operation": names[callee]} for callee in callees]


TARGETS: dict[str, bool] = {
    "to stock": False,
    "to stock, operation release": False,
    "to stock, operation reservation": True,
    "to stok": True,
    "from shop": False,
    "from shopp": True,
    "from stock, to shop": True,
    "from shop, to stock": False,
    "to shop": True,
    "": False,
}
"""Targets, and whether they select no call."""


def _target(text: str) -> object:
    return dict(part.split(" ") for part in text.split(", ")) if text else {}


ROUTES = (
    Generator(
        "GW01",
        {
            "first.priority": whole(0, 2),
            "second.priority": whole(0, 2),
            "first.match": one_of(*PREFIXES, written=_prefix),
            "second.match": one_of(*PREFIXES, written=_prefix),
        },
        _shadowed,
    ),
    Generator(
        "GW02",
        {
            "second.priority": whole(0, 1),
            "second.match": one_of(API, API, NARROWER, EXCLUSIVE),
            "second.destinations": one_of("stock", "other", "other", written=_lead),
        },
        lambda priority, match, to: priority == 0 and match == API and to == "other",
    ),
    Generator(
        "GW03",
        {
            "Route.destinations": one_of("warehouse", "warehous", written=_lead),
            "Route.gateway": one_of("edge", "edge", "egde"),
            "Gateway.authentication": one_of("public", "public", "staff"),
        },
        lambda to, gateway, who: (to, gateway, who) != ("warehouse", "edge", "public"),
    ),
    Generator(
        "GW04",
        {
            "second.priority": one_of(0, 0, 1),
            "second.match": one_of(API, API, EXCLUSIVE),
            "second.destinations": one_of("stock", "stock", "other", written=_lead),
            "first.rateLimits": one_of([], ["generous"]),
            "second.rateLimits": one_of([], ["generous"]),
            "first.authentication": one_of(None, "customers"),
            "second.authentication": one_of(None, "customers"),
        },
        lambda priority, match, to, *guards: (
            priority == 0
            and match == API
            and to == "stock"
            and (guards[0] != guards[1] or guards[2] != guards[3])
        ),
    ),
    Generator(
        "GW05",
        {
            "current.authentication": one_of(*ORDERS),
            "old.authentication": one_of(*ORDERS),
            "old.rewrite": one_of("/orders", "/orders", "/archive", written=_prefix),
        },
        lambda current, old, path: current != old and path == "/orders",
    ),
    Generator(
        "GW07",
        {"second.destinations": whole(0, 8, lambda n: _weighted([n % 3, n // 3]))},
        lambda weights: weights == 0,
    ),
    Generator(
        "GW08",
        {
            "in.destinations": one_of("inner", "outer", "stock", written=_lead),
            "out.destinations": one_of("inner", "outer", "stock", written=_lead),
        },
        lambda outer, inner: (
            outer == "outer" or inner == "inner" or (outer, inner) == ("inner", "outer")
        ),
    ),
    Generator(
        "GW09",
        {"Timeout.target": one_of(*TARGETS, written=_target)},
        TARGETS.__getitem__,
    ),
    Generator(
        "GW10",
        {
            "Bulkhead.target": one_of(
                "from edge, to stock", "from edge", "to stock", written=_target
            ),
            "Bulkhead.queue": whole(0, 3),
            "Bulkhead.maxWait": ms(0, 3),
        },
        lambda target, queue, wait: target.startswith("from edge") and queue > 0 and wait > 0,
    ),
)

GRAPH = (
    Generator(
        "CG01",
        {
            "shop.operations.0.calls": some("shop", "stock", least=0).inside(_calls),
            "stock.operations.0.calls": some("shop", "stock", least=0).inside(_calls),
        },
        lambda shop, stock: (
            "shop" in shop or "stock" in stock or ("stock" in shop and "shop" in stock)
        ),
    ),
    Generator(
        "CG02",
        {
            "shop.operations.0.calls.0.to": one_of("stock", "stock", "stok"),
            "shop.operations.0.calls.0.operation": one_of("reserve", "*", "reserved"),
        },
        lambda to, operation: to == "stok" or operation == "reserved",
    ),
    Generator(
        "SC02",
        {
            "platform.overall": ms(1, 3, unlimited=True),
            "team.overall": ms(1, 3, unlimited=True),
            "team.target": one_of("to stock", "from shop, to stock", written=_target),
        },
        lambda platform, team, target: platform != team and target == "to stock",
    ),
    Generator(
        "SC04",
        {
            "later.expires": whole(-30, 60, lambda days: str(TODAY + timedelta(days))),
            "shop.operations.0.calls": one_of([], [{"to": "stock"}]),
        },
        lambda days, calls: days < 0 or not calls,
        beside=("RT07",),
    ),
)

GENERATORS = (*ROUTES, *GRAPH)
