"""Gateway, Route and Bff documents."""

from configsvc.model.quantities import Duration
from configsvc.model.routing import (
    Bff,
    BffCall,
    Destination,
    Endpoint,
    Gateway,
    Listener,
    Rewrite,
    Route,
    RouteMatch,
)
from configsvc.model.services import Call, Capacity, Discovery, Latency
from tests.schema.builders import spec_of

SECOND = Duration(1_000_000)


def test_a_gateway_that_says_nothing() -> None:
    """It logs requests, and all else is unknown."""
    assert spec_of("Gateway") == Gateway()


def test_every_part_of_a_gateway_is_read() -> None:
    """Including files of TLS, which are only named."""
    spec = {
        "owner": "team-platform",
        "listeners": [
            {"port": 8080},
            {
                "port": 8443,
                "address": "0.0.0.0",  # noqa: S104 - what a document may say
                "protocol": "https",
                "tls": {"certificateFile": "/tls.crt", "keyFile": "/tls.key"},
            },
        ],
        "replicas": 2,
        "authentication": "public",
        "requestLog": False,
    }
    assert spec_of("Gateway", spec) == Gateway(
        owner="team-platform",
        listeners=(
            Listener(8080),
            Listener(8443, "0.0.0.0", "https", "/tls.crt", "/tls.key"),  # noqa: S104 - as above
        ),
        replicas=2,
        authentication="public",
        request_log=False,
    )


def test_the_least_that_a_route_says() -> None:
    """A gateway and one destination."""
    spec = {"gateway": "edge", "destinations": [{"to": "a"}]}
    assert spec_of("Route", spec) == Route("edge", (Destination("a", 1),))


def test_every_part_of_a_route_is_read() -> None:
    """Weights, match, rewrite and references."""
    spec = {
        "gateway": "edge",
        "hosts": ["api.example.com", "*.example.com"],
        "match": {"prefix": "/v1", "methods": ["GET"], "headers": {"x-b": "2", "x-a": "1"}},
        "priority": -5,
        "destinations": [{"to": "a", "weight": 0}, {"to": "b", "weight": 3}],
        "rewrite": {"prefix": "/v2", "host": "b.internal:8080"},
        "authentication": "customers",
        "rateLimits": ["per-customer"],
        "slo": "1s",
    }
    assert spec_of("Route", spec) == Route(
        gateway="edge",
        destinations=(Destination("a", 0), Destination("b", 3)),
        hosts=("api.example.com", "*.example.com"),
        match=RouteMatch(None, "/v1", ("GET",), (("x-a", "1"), ("x-b", "2"))),
        priority=-5,
        rewrite=Rewrite(None, "/v2", "b.internal:8080"),
        authentication="customers",
        rate_limits=("per-customer",),
        slo=SECOND,
    )


def test_every_part_of_a_bff_is_read() -> None:
    """Endpoints with their calls, and the parts that a Service has too."""
    spec = {
        "client": "mobile",
        "owner": "team-apps",
        "authentication": "customers",
        "rateLimits": ["per-customer"],
        "discovery": {"mode": "server"},
        "capacity": {"instances": 2},
        "endpoints": [
            {
                "name": "home",
                "methods": ["GET", "HEAD"],
                "path": "/home/{id}",
                "calls": [
                    {"name": "player", "to": "player-engine", "path": "/players/{path.id}"},
                    {
                        "name": "score",
                        "to": "score-engine",
                        "operation": "get-score",
                        "stage": 2,
                        "optional": True,
                        "method": "POST",
                        "query": {"page": "{query.page}"},
                        "headers": {"x-player": "{player#/id}"},
                        "default": {"b": 1, "a": [None]},
                    },
                ],
                "output": {"player": "player", "total": "score#/total"},
                "latency": {"p50": "1s"},
                "ownTime": "1s",
                "limit": "1s",
                "externalRate": 5,
                "slo": "1s",
                "idempotent": True,
            }
        ],
    }
    assert spec_of("Bff", spec) == Bff(
        client="mobile",
        endpoints=(
            Endpoint(
                name="home",
                methods=("GET", "HEAD"),
                path="/home/{id}",
                calls=(
                    BffCall("player", Call("player-engine"), "GET", "/players/{path.id}"),
                    BffCall(
                        name="score",
                        call=Call("score-engine", "get-score", 2, optional=True),
                        method="POST",
                        query=(("page", "{query.page}"),),
                        headers=(("x-player", "{player#/id}"),),
                        default='{"a":[null],"b":1}',
                    ),
                ),
                output={"player": "player", "total": "score#/total"},
                latency=Latency(p50=SECOND),
                own_time=SECOND,
                limit=SECOND,
                external_rate=5,
                slo=SECOND,
                idempotent=True,
            ),
        ),
        owner="team-apps",
        authentication="customers",
        rate_limits=("per-customer",),
        discovery=Discovery(mode="server"),
        capacity=Capacity(instances=2),
    )


def test_a_default_of_null_is_not_no_default() -> None:
    """The one stands in the output, the other leaves the field out."""
    calls = [
        {"name": "a", "to": "x", "optional": True, "default": None},
        {"name": "b", "to": "x", "optional": True},
    ]
    endpoint = {"name": "home", "path": "/", "calls": calls, "output": {"a": "a", "b": "b"}}
    (read,) = spec_of("Bff", {"client": "web", "endpoints": [endpoint]}).endpoints
    assert [call.default for call in read.calls] == ["null", None]
    assert read.methods == ("GET",)
