"""Service documents."""

from configsvc.model.quantities import Duration, Share, Size
from configsvc.model.services import (
    Call,
    Capacity,
    ClientSide,
    ConnectionPool,
    Discovery,
    HealthCheck,
    Instance,
    Latency,
    Match,
    Operation,
    OutlierDetection,
    ServerSide,
    Service,
    Times,
)
from tests.schema.builders import refused, spec_of

MS = 1_000


def test_a_service_that_says_nothing_is_all_defaults() -> None:
    """What is not written is unknown, or the model's own default."""
    assert spec_of("Service") == Service()


def test_empty_parts_are_all_defaults() -> None:
    """An empty object says as much as none."""
    parts = ("discovery", "capacity", "client", "server")
    assert spec_of("Service", {part: {} for part in parts}) == Service()


def test_every_part_of_a_service_is_read() -> None:
    """Nothing that is written is lost on the way to the model."""
    spec = {
        "owner": "team-scores",
        "protocol": "http",
        "authentication": "customers",
        "rateLimits": ["per-customer"],
        "discovery": {
            "mode": "server",
            "address": "scores.internal:8080",
            "instances": [{"address": "10.0.0.7:8080", "labels": {"zone": "a", "age": "1"}}],
            "refresh": "30s",
            "dnsTtl": "1m",
            "lease": {"grace": "20s"},
            "allow": ["10.0.0.0/8"],
            "loadBalancing": "least-request",
            "panicThreshold": "30%",
            "healthCheck": {
                "path": "/healthz", "interval": "5s", "timeout": "500ms", "healthyAfter": 1,
                "unhealthyAfter": 4, "unejects": True,
            },
            "outlierDetection": {
                "consecutive5xx": 5, "consecutiveGateway": 3, "interval": "1s",
                "baseEjection": "2s", "maxEjection": "20%", "minHosts": 3, "minRequests": 9,
            },
        },
        "capacity": {"instances": 4, "processes": 2, "workers": 16, "requestsPerSecond": 250},
        "client": {
            "runtime": "none",
            "connectionPool": {"max": 10, "wait": "50ms", "maxAge": "5m", "idle": "30s"},
        },
        "server": {"idle": "65s", "drain": "30s", "replayBuffer": "64KiB"},
        "operations": [{"name": "get-score"}],
    }  # fmt: skip
    assert spec_of("Service", spec) == Service(
        owner="team-scores",
        protocol="http",
        authentication="customers",
        rate_limits=("per-customer",),
        discovery=Discovery(
            mode="server",
            address="scores.internal:8080",
            instances=(Instance("10.0.0.7:8080", (("age", "1"), ("zone", "a"))),),
            refresh=Duration(30_000 * MS),
            dns_ttl=Duration(60_000 * MS),
            lease_grace=Duration(20_000 * MS),
            allow=("10.0.0.0/8",),
            load_balancing="least-request",
            panic_threshold=Share(300_000),
            health_check=HealthCheck(
                "/healthz", Duration(5_000 * MS), Duration(500 * MS), 1, 4, unejects=True
            ),
            outlier_detection=OutlierDetection(
                5, 3, Duration(1_000 * MS), Duration(2_000 * MS), Share(200_000), 3, 9
            ),
        ),
        capacity=Capacity(4, 2, 16, 250),
        client=ClientSide(
            "none",
            ConnectionPool(10, Duration(50 * MS), Duration(300_000 * MS), Duration(30_000 * MS)),
        ),
        server=ServerSide(Duration(65_000 * MS), Duration(30_000 * MS), Size(65_536)),
        operations=(Operation("get-score"),),
    )


def test_every_part_of_an_operation_is_read() -> None:
    """Including what it calls."""
    operation = {
        "name": "get-score",
        "match": {"methods": ["GET", "HEAD"], "path": "/scores/{id}"},
        "idempotent": False,
        "streaming": True,
        "latency": {"p50": "1ms", "p90": "2ms", "p95": "3ms", "p99": "4ms", "p999": "5ms"},
        "ownTime": "6ms",
        "limit": "7ms",
        "externalRate": 8,
        "emits": [503, "timeout"],
        "maxBody": "1KiB",
        "cancels": True,
        "honoursDeadline": False,
        "slo": "9ms",
        "calls": [
            {"to": "archive"},
            {"to": "index", "operation": "find", "stage": 2, "times": {"typical": 2, "max": 5},
             "optional": True},
        ],
    }  # fmt: skip
    (read,) = spec_of("Service", {"operations": [operation]}).operations
    assert read == Operation(
        name="get-score",
        match=Match(("GET", "HEAD"), "/scores/{id}", None),
        idempotent=False,
        streaming=True,
        latency=Latency(*(Duration(ms * MS) for ms in range(1, 6))),
        own_time=Duration(6 * MS),
        limit=Duration(7 * MS),
        external_rate=8,
        emits=("timeout", "503"),
        max_body=Size(1024),
        cancels=True,
        honours_deadline=False,
        slo=Duration(9 * MS),
        calls=(Call("archive"), Call("index", "find", 2, Times(2, 5), optional=True)),
    )


def test_an_empty_list_of_failures_is_not_unknown() -> None:
    """It says that there are none."""
    operations = [{"name": "a", "emits": []}, {"name": "b"}]
    read = spec_of("Service", {"operations": operations}).operations
    assert [each.emits for each in read] == [(), None]


def test_the_most_calls_are_at_least_the_typical_ones() -> None:
    """Where only one of the two is written."""
    times = [{}, {"typical": 4}, {"max": 4}, {"typical": 0}]
    calls = [{"to": "x", "times": each} for each in times]
    (operation,) = spec_of("Service", {"operations": [{"name": "a", "calls": calls}]}).operations
    expected = [Times(1, 1), Times(4, 4), Times(1, 4), Times(0, 1)]
    assert [call.times for call in operation.calls] == expected


def test_a_name_that_is_no_dns_label_is_refused_wherever_it_stands() -> None:
    """Operations, callees and references are all names."""
    spec = {
        "authentication": "No",
        "rateLimits": ["a_b"],
        "operations": [{"name": "-a", "calls": [{"to": "x" * 64, "operation": "B"}]}],
    }
    pointers = [message.split(":")[0] for message in refused("Service", spec)]
    assert pointers == [
        "/spec/authentication",
        "/spec/operations/0/calls/0/operation",
        "/spec/operations/0/calls/0/to",
        "/spec/operations/0/name",
        "/spec/rateLimits/0",
    ]
