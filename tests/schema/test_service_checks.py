"""Services that contradict themselves."""

import pytest

from tests.schema.builders import refused


def operations(*items: dict[str, object], **spec: object) -> list[str]:
    """What is said against a Service with these operations, named by their letters."""
    named = [{"name": chr(ord("a") + index), **item} for index, item in enumerate(items)]
    return refused("Service", {"operations": named, **spec})


def test_names_of_operations_are_unique() -> None:
    """A target could not tell them apart."""
    assert operations({"name": "x"}, {}, {"name": "x"}) == [
        (
            "/spec/operations/2/name: operation 'x' is taken already, by item 0 of the list: "
            "choose another"
        )
    ]


def test_addresses_of_instances_are_unique() -> None:
    """One instance would get twice its share."""
    instances = [{"address": "a:1"}, {"address": "a:1"}]
    assert refused("Service", {"discovery": {"instances": instances}}) == [
        (
            "/spec/discovery/instances/1/address: address 'a:1' is taken already, "
            "by item 0 of the list: choose another"
        )
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"path": "/a"}, {"path": "/a"}),
        ({"path": "/a/{x}"}, {"path": "/a/{y}"}),
        ({"path": "/a/**"}, {"path": "/a/**", "methods": ["GET"]}),
        ({"path": "/a", "methods": ["GET", "PUT"]}, {"path": "/a", "methods": ["PUT"]}),
        ({"methods": ["GET"]}, {"methods": ["GET", "HEAD"]}),
        ({"methods": ["GET"]}, {"path": "/**"}),
    ],
)
def test_two_operations_do_not_match_the_same(
    first: dict[str, object], second: dict[str, object]
) -> None:
    """Where no rule of precedence decides, the order would."""
    (message,) = operations({"match": first}, {"match": second})
    assert message.startswith("/spec/operations/1/match: 'b' matches the same requests as 'a', ")
    assert message.endswith("and neither is more specific: change one of them")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"path": "/a", "methods": ["GET"]}, {"path": "/a", "methods": ["PUT"]}),
        ({"path": "/a/{x}"}, {"path": "/a/b"}),
        ({"path": "/a/{x}"}, {"path": "/a/**"}),
        ({"path": "/a/{x}/c"}, {"path": "/a/b/{y}"}),
        ({"path": "/a"}, {"path": "/a/"}),
        ({"methods": ["GET"]}, {"path": "/a"}),
    ],
)
def test_overlaps_that_precedence_decides_are_fine(
    first: dict[str, object], second: dict[str, object]
) -> None:
    """Literal segments beat parameters, and parameters beat the rest of the path."""
    assert operations({"match": first}, {"match": second}) == []


def test_grpc_methods_are_unique() -> None:
    """As paths are."""
    match = {"grpc": "scores.Scores/Get"}
    (message,) = operations({"match": match}, {"match": match}, protocol="grpc")
    assert "'b' matches the same requests as 'a', scores.Scores/Get," in message


def test_operations_match_by_the_protocol_of_the_service() -> None:
    """A path means nothing to gRPC, and a gRPC method nothing to HTTP."""
    assert operations({"match": {"grpc": "a.B/C"}}) == [
        (
            "/spec/operations/0/match: the service speaks http, so its operations match by "
            "'methods' and 'path': change one of the two"
        )
    ]
    assert operations({"match": {"path": "/a"}}, protocol="grpc") == [
        (
            "/spec/operations/0/match: the service speaks grpc, so its operations match by "
            "'grpc: package.Service/Method': change one of the two"
        )
    ]


def test_a_parameter_stands_once_in_a_path() -> None:
    """It could not have both values."""
    assert operations({"match": {"path": "/{id}/x/{id}"}}) == [
        "/spec/operations/0/match/path: parameter {id} stands twice in '/{id}/x/{id}': rename one"
    ]


def test_percentiles_do_not_fall() -> None:
    """Those that are left out are passed over."""
    assert operations({"latency": {"p50": "20ms", "p95": "10ms", "p999": "1s"}}) == [
        (
            "/spec/operations/0/latency/p95: p95 is 10ms, less than p50 with 20ms: "
            "percentiles never fall, so correct one of them"
        )
    ]
    assert operations({"latency": {"p50": "20ms", "p99": "20ms"}}) == []


def test_the_most_calls_are_not_fewer_than_the_typical() -> None:
    """Both are written, and they contradict each other."""
    assert operations({"calls": [{"to": "x", "times": {"typical": 3, "max": 2}}]}) == [
        (
            "/spec/operations/0/calls/0/times/max: at most 2 calls, but typically 3: "
            "raise 'max' or lower 'typical'"
        )
    ]
